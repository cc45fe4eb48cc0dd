curl --json '{"prediction_id": "0b7e6d5c4f3a42918c7d6e5f4a3b2c1d", "model": {"name": "parks", "version": "1"},
  "right": false, "labels": ["other"]}' http://127.0.0.1:8000/api/v1/feedback
# With the receipt that it prints:
# curl -X DELETE http://127.0.0.1:8000/api/v1/feedback/RECEIPT
