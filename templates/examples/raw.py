import base64

import requests

with open("half-dome.jpg", "rb") as photo:
    answer = requests.post(
        "http://127.0.0.1:8000/api/v1/predict",
        data=photo,
        headers={"Content-Type": "image/jpeg"},
        params={"explain": True},
        timeout=60,
    )
answer.raise_for_status()
result = answer.json()["results"][0]
with open("heat-map.png", "wb") as heat_map:
    heat_map.write(base64.b64decode(result["explanation"]["heat_map"].partition(",")[2]))
print("heat-map.png shows what speaks for", result["explanation"]["label"])
