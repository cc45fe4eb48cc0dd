/* The pages work without this script. With it a photo is sent as soon as it is there, made smaller first, and its
   verdict comes into this page: the same that the server writes for browsers without a script, cut out of its answer.
   Whatever is said to people is in the page already, see templates/_script.html. */

const ask = document.getElementById("ask");
const results = document.getElementById("results");
const { dataset: texts } = document.getElementById("texts");
const LIMITS = { shortPx: +ask.dataset.shortPx, bytes: +ask.dataset.maxBytes, photos: +ask.dataset.maxPhotos };
const SMALL_ENOUGH_BYTES = 150_000;
const JPEG_QUALITIES = [0.85, 0.8, 0.75, 0.7, 0.65];  // The first that is small enough, or the last.
const AT_ONCE = 2;
const MAX_TRIES_WHEN_BUSY = 4;
const MAX_WAIT_S = 15;
const FORM_BYTES = 2_000;  // What a form has beside its photo.

document.documentElement.classList.add("script");

/* One question: a photo's file, or the address of one. */
let running = [];

function askAbout(items) {
  running.forEach(forget);
  const left = items.slice(0, LIMITS.photos);
  running = left.map((item) => ({ ...item, asCard: left.length > 1, addresses: [], stop: new AbortController() }));
  document.getElementById("hero")?.remove();
  results.replaceChildren();
  if (items.length > left.length) results.append(message(texts.tooMany));
  let list = results;
  if (left.length > 1) {
    results.append(copyOf("gallery"));
    list = results.querySelector(".many");
  }
  running.forEach((question) => list.append(waitingCard(question)));
  const queue = [...running];
  for (let i = 0; i < AT_ONCE; i++) work(queue);
  results.focus({ preventScroll: true });
  results.scrollIntoView({ block: "start" });
}

function forget(question) {
  question.stop.abort();
  question.addresses.forEach((address) => URL.revokeObjectURL(address));
}

async function work(queue) {
  for (let question = queue.shift(); question; question = queue.shift()) await lookAt(question);
}

async function lookAt(question) {
  try {
    const answer = await (question.file ? sendPhoto(question) : sendUrl(question));
    settle(question, resultOf(question, answer));
  } catch (reason) {
    settle(question, failedCard(question, reason));
  }
}

/* Sending */

async function sendPhoto(question) {
  say(question, texts.preparing);
  const photo = await smaller(question.file);
  if (photo.size + FORM_BYTES > LIMITS.bytes) throw texts.tooLarge;
  const shown = await show(question, photo);
  const form = new FormData();
  form.append("photo", photo, question.file.name);
  if (shown) form.append("keeps_photo", "1");
  question.sent = shown && photo;
  return answerTo(question, form, texts.sending);
}

function sendUrl(question) {
  const form = new FormData();
  form.append("url", question.url);
  return answerTo(question, form, texts.fetching);
}

/* The page that answers. A busy server is asked again when it says. */
async function answerTo(question, form, doing) {
  if (question.asCard) form.append("as_card", "1");
  for (let tries = 1; ; tries++) {
    say(question, doing);
    const answer = await post(question, form);
    if (answer.status !== 503 || tries === MAX_TRIES_WHEN_BUSY) return answer;
    say(question, texts.busy);
    await pause(Math.min(answer.retryAfterS, MAX_WAIT_S), question.stop.signal);
  }
}

function post(question, form) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    if (question.stop.signal.aborted) return fail(texts.cancelled);
    question.stop.signal.addEventListener("abort", () => request.abort());
    request.upload.onprogress = (event) => showProgress(question, event);
    request.upload.onload = () => question.file && say(question, texts.looking);
    request.onload = () => done({
      status: request.status, page: request.response, retryAfterS: +request.getResponseHeader("Retry-After") || 1,
    });
    request.onerror = () => fail(navigator.onLine ? texts.brokenOff : texts.offline);
    request.onabort = () => fail(texts.cancelled);
    request.open("POST", ask.dataset.action);
    request.setRequestHeader("Accept", "text/html");
    request.responseType = "document";
    request.send(form);
  });
}

function pause(seconds, signal) {
  return new Promise((done, fail) => {
    setTimeout(done, 1000 * seconds);
    signal.addEventListener("abort", () => fail(texts.cancelled));
  });
}

/* A big photo as a JPEG of as many pixels as the network needs, upright, and without what else the file tells. */
async function smaller(file) {
  const isHeif = /heic|heif/i.test(file.type + file.name);  // Only the server reads these everywhere.
  if (isHeif || file.size <= SMALL_ENOUGH_BYTES || !window.createImageBitmap) return file;
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, LIMITS.shortPx / Math.min(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";  // As the server does where a picture is clear.
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const small = await jpegOf(canvas);
    return small && small.size < file.size ? new File([small], file.name, { type: small.type }) : file;
  } catch {
    return file;  // The browser cannot read it; the server says what it is.
  }
}

async function jpegOf(canvas) {
  let jpeg = null;
  for (const quality of JPEG_QUALITIES) {
    jpeg = await new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
    if (!jpeg || jpeg.size <= SMALL_ENOUGH_BYTES) break;
  }
  return jpeg;
}

/* What is seen meanwhile, and afterwards */

function waitingCard(question) {
  question.card = copyOf("waiting");
  question.card.querySelector(".cancel").addEventListener("click", () => question.stop.abort());
  if (question.file) show(question, question.file);
  return question.card;
}

/* Shows the photo in the question's card; whether the browser can. */
function show(question, photo) {
  const image = question.card.querySelector("img");
  const address = URL.createObjectURL(photo);
  question.addresses.push(address);
  return new Promise((done) => {
    const reveal = (shows) => {
      image.closest(".why").hidden = !shows;
      done(shows);
    };
    image.onload = () => reveal(true);
    image.onerror = () => reveal(false);
    image.src = address;
  });
}

function say(question, text) {
  question.card.querySelector(".doing").textContent = text;
  question.card.querySelector("progress").removeAttribute("value");
}

function showProgress(question, event) {
  if (event.lengthComputable && event.loaded < event.total)
    question.card.querySelector("progress").value = event.loaded / event.total;
}

function settle(question, card) {
  if (!question.card.isConnected) return;  // Something else was asked meanwhile.
  question.card.replaceWith(card);
  question.card = card;
  document.getElementById("news").textContent = card.querySelector(".verdict").innerText;
}

/* The verdict out of the server's page, with the browser's own photo where the server left it to us. */
function resultOf(question, { page }) {
  const result = page?.querySelector(".result");
  if (!result) throw page?.querySelector("[data-error]")?.textContent.trim() || texts.unexpected;
  const own = question.card.querySelector("img").src;
  result.querySelectorAll("img[data-own-photo]").forEach((image) => { image.src = own; });
  result.querySelectorAll("input[data-own-photo]").forEach((input) => fill(input, question.sent));
  return document.adoptNode(result);
}

function fill(input, file) {
  const carrier = new DataTransfer();
  carrier.items.add(file);
  input.files = carrier.files;
}

function failedCard(question, reason) {
  const card = copyOf("failed");
  const seen = question.card.querySelector(".why");
  card.querySelector(".why").hidden = seen.hidden;
  card.querySelector("img").src = seen.querySelector("img").src;
  card.querySelector(".source").textContent = question.file ? question.file.name : question.url;
  card.querySelector(".message").textContent = typeof reason === "string" ? reason : texts.unexpected;
  card.querySelector(".retry").addEventListener("click", () => {
    question.stop = new AbortController();
    const failed = question.card;
    failed.replaceWith(waitingCard(question));
    lookAt(question);
  });
  return card;
}

function copyOf(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

function message(text) {
  const card = copyOf("note");
  card.textContent = text;
  return card;
}

/* The ways in which a photo comes */

const asFiles = (files) => [...files].map((file) => ({ file }));
const asUrl = (text) => (ask.querySelector("form.url") && /^https?:\S+$/.test(text.trim()) ? [{ url: text.trim() }] : []);

function askIfAny(event, items) {
  if (!items.length) return;
  event.preventDefault();
  askAbout(items);
}

ask.addEventListener("change", (event) => {
  if (event.target.type !== "file") return;
  askIfAny(event, asFiles(event.target.files));
  event.target.value = "";  // The same photo may be chosen again.
});
ask.querySelector("form.url")?.addEventListener("submit", (event) => askIfAny(event, [{ url: ask.querySelector("#url").value }]));

document.addEventListener("paste", (event) => {
  const files = asFiles(event.clipboardData.files);
  const isTyping = event.target.closest?.("input, textarea");
  askIfAny(event, files.length || isTyping ? files : asUrl(event.clipboardData.getData("text")));
});

const carries = (event) => event.dataTransfer.types.some((type) => type === "Files" || type === "text/uri-list");
document.addEventListener("dragover", (event) => {
  if (!carries(event)) return;
  event.preventDefault();
  ask.classList.add("dropping");
});
document.addEventListener("dragleave", (event) => event.relatedTarget || ask.classList.remove("dropping"));
document.addEventListener("drop", (event) => {
  ask.classList.remove("dropping");
  if (!carries(event)) return;
  event.preventDefault();
  const files = asFiles(event.dataTransfer.files);
  askIfAny(event, files.length ? files : asUrl(event.dataTransfer.getData("text/uri-list").split("\n")[0]));
});

/* How strongly what speaks for a label is laid over the photo. */
document.addEventListener("input", ({ target }) => {
  if (target.matches(".strength input")) target.closest(".why").style.setProperty("--strength", target.value / 100);
});

/* The camera of a computer; on phones the form's own field opens it. */

const viewfinder = document.getElementById("viewfinder");
const video = viewfinder.querySelector("video");
const openCamera = ask.querySelector(".open-camera");
openCamera.hidden = !navigator.mediaDevices?.getUserMedia;
openCamera.addEventListener("click", async () => {
  viewfinder.querySelector(".message").hidden = true;
  viewfinder.showModal();
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: 1280 } });
  } catch {
    viewfinder.querySelector(".message").hidden = false;
  }
});
viewfinder.querySelector(".take").addEventListener("click", async () => {
  if (!video.videoWidth) return;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d").drawImage(video, 0, 0);
  const photo = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
  viewfinder.close();
  askAbout([{ file: new File([photo], "camera.jpg", { type: photo.type }) }]);
});
viewfinder.querySelector(".close").addEventListener("click", () => viewfinder.close());
viewfinder.addEventListener("close", () => {
  video.srcObject?.getTracks().forEach((track) => track.stop());
  video.srcObject = null;
});

/* A visitor's photo goes along with what he says only where he ticks that it may. */
document.addEventListener("change", ({ target }) => {
  if (target.dataset.sends) document.getElementById(target.dataset.sends).disabled = !target.checked;
});
