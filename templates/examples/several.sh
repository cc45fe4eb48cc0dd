curl -F photo=@half-dome.jpg -F photo=@tent.jpg 'http://127.0.0.1:8000/api/v1/predict?top_k=1'
