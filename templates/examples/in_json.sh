echo "{\"photos\": [{\"base64\": \"$(base64 -w0 half-dome.jpg)\"}]}" |
  curl --json @- http://127.0.0.1:8000/api/v1/predict
