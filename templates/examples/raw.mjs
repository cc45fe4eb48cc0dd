import { readFile, writeFile } from "node:fs/promises";

const answer = await fetch("http://127.0.0.1:8000/api/v1/predict?explain=true", {
  method: "POST",
  headers: { "Content-Type": "image/jpeg" },
  body: await readFile("half-dome.jpg"),
});
const [{ explanation }] = (await answer.json()).results;
await writeFile("heat-map.png", Buffer.from(explanation.heat_map.split(",")[1], "base64"));
console.log("heat-map.png shows what speaks for", explanation.label);
