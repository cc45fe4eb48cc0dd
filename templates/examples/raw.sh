curl --data-binary @half-dome.jpg -H 'Content-Type: image/jpeg' \
  'http://127.0.0.1:8000/api/v1/predict?explain=true'
