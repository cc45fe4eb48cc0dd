import { readFile } from "node:fs/promises";

const api = "http://127.0.0.1:8000/api/v1";

const photo = await readFile("half-dome.jpg");
const headers = { "Content-Type": "image/jpeg" };
const answer = await (await fetch(`${api}/predict`, { method: "POST", headers, body: photo })).json();
const said = {
  prediction_id: answer.results[0].prediction_id,
  model: answer.model,
  right: false,
  labels: ["other"],
  consent: true,
  photo: photo.toString("base64"),
};
const kept = await fetch(`${api}/feedback`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(said),
});
const { receipt, kept_until } = await kept.json();
console.log("kept until", kept_until);

const gone = await fetch(`${api}/feedback/${receipt}`, { method: "DELETE" });
console.log("deleted:", (await gone.json()).deleted);
