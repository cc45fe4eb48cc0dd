import { readFile } from "node:fs/promises";

const answer = await fetch("http://127.0.0.1:8000/api/v1/predict", {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ photos: [{ base64: await readFile("half-dome.jpg", "base64") }] }),
});
console.log((await answer.json()).results[0].verdict);
