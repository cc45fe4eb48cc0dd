// The page works without this script; with it, it is quicker and nicer.
"use strict";
document.documentElement.classList.add("script");
