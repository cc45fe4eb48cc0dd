"""What an operator needs: health, request ids, the request log."""
