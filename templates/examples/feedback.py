import base64

import requests

API = "http://127.0.0.1:8000/api/v1"

with open("half-dome.jpg", "rb") as photo:
    image_bytes = photo.read()
answer = requests.post(f"{API}/predict", data=image_bytes, headers={"Content-Type": "image/jpeg"}, timeout=60)
answer.raise_for_status()
result = answer.json()["results"][0]
said = {
    "prediction_id": result["prediction_id"],
    "model": answer.json()["model"],
    "right": False,
    "labels": ["other"],
    "consent": True,
    "photo": base64.b64encode(image_bytes).decode(),
}
answer = requests.post(f"{API}/feedback", json=said, timeout=60)
answer.raise_for_status()
kept = answer.json()
print("kept until", kept["kept_until"])

answer = requests.delete(f"{API}/feedback/{kept['receipt']}", timeout=60)
answer.raise_for_status()
print("deleted:", answer.json()["deleted"])
