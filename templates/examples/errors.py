import time

import requests


def predict(name: str, tries: int = 5) -> dict:
    for _ in range(tries):
        with open(name, "rb") as photo:
            answer = requests.post("http://127.0.0.1:8000/api/v1/predict", files={"photo": photo}, timeout=60)
        if answer.status_code not in (429, 503):
            break
        time.sleep(int(answer.headers.get("Retry-After", 1)))
    body = answer.json()
    if not answer.ok:
        raise ValueError(f"{body['code']}: {body['detail']} (request {body['request_id']})")
    return body["results"][0]


try:
    print(predict("notes.txt"))
except ValueError as error:
    print(error)
