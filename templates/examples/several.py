from pathlib import Path

import requests

photos = [Path("half-dome.jpg"), Path("tent.jpg")]
files = [("photo", (photo.name, photo.read_bytes())) for photo in photos]
answer = requests.post("http://127.0.0.1:8000/api/v1/predict", files=files, params={"top_k": 1}, timeout=60)
answer.raise_for_status()
for result in answer.json()["results"]:
    print(result["source"], result["error"]["code"] if "error" in result else result["predictions"][0])
