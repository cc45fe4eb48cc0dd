import requests

photos = [{"url": "https://example.org/half-dome.jpg"}]
answer = requests.post("http://127.0.0.1:8000/api/v1/predict", json={"photos": photos}, timeout=60)
print(answer.json()["results"] if answer.ok else answer.json()["detail"])
