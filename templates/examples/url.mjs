const answer = await fetch("http://127.0.0.1:8000/api/v1/predict", {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ photos: [{ url: "https://example.org/half-dome.jpg" }] }),
});
const body = await answer.json();
console.log(answer.ok ? body.results : body.detail);
