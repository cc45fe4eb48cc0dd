import { readFile } from "node:fs/promises";

const form = new FormData();
form.append("photo", new Blob([await readFile("half-dome.jpg")]), "half-dome.jpg");
const answer = await fetch("http://127.0.0.1:8000/api/v1/predict", { method: "POST", body: form });
const [result] = (await answer.json()).results;
console.log(result.source, result.verdict, result.label);
