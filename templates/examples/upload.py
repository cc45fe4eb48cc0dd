import requests

with open("half-dome.jpg", "rb") as photo:
    answer = requests.post("http://127.0.0.1:8000/api/v1/predict", files={"photo": photo}, timeout=60)
answer.raise_for_status()
result = answer.json()["results"][0]
print(result["source"], result["verdict"], result["label"])
