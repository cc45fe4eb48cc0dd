curl --fail-with-body --retry 3 -F photo=@notes.txt http://127.0.0.1:8000/api/v1/predict
