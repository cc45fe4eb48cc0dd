import { readFile } from "node:fs/promises";

const form = new FormData();
for (const name of ["half-dome.jpg", "tent.jpg"]) {
  form.append("photo", new Blob([await readFile(name)]), name);
}
const answer = await fetch("http://127.0.0.1:8000/api/v1/predict?top_k=1", { method: "POST", body: form });
for (const result of (await answer.json()).results) {
  console.log(result.source, result.error?.code ?? result.predictions[0]);
}
