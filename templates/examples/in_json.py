import base64

import requests

with open("half-dome.jpg", "rb") as photo:
    entry = {"base64": base64.b64encode(photo.read()).decode()}
answer = requests.post("http://127.0.0.1:8000/api/v1/predict", json={"photos": [entry]}, timeout=60)
answer.raise_for_status()
print(answer.json()["results"][0]["verdict"])
