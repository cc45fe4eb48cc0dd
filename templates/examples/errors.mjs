import { readFile } from "node:fs/promises";

async function predict(name, tries = 5) {
  const form = new FormData();
  form.append("photo", new Blob([await readFile(name)]), name);
  const answer = await fetch("http://127.0.0.1:8000/api/v1/predict", { method: "POST", body: form });
  if ([429, 503].includes(answer.status) && tries > 1) {
    await new Promise((wake) => setTimeout(wake, 1000 * Number(answer.headers.get("Retry-After") ?? 1)));
    return predict(name, tries - 1);
  }
  const body = await answer.json();
  if (!answer.ok) throw new Error(`${body.code}: ${body.detail} (request ${body.request_id})`);
  return body.results[0];
}

await predict("notes.txt").then(console.log, (error) => console.log(error.message));
