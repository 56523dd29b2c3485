// Runs before the first paint so that a dark page never flashes light; an own file for the CSP.
(function () {
  var mode = null;
  try {
    mode = localStorage.getItem("parley.theme");
  } catch {
    // Storage may be forbidden; the system's choice then decides.
  }
  var dark =
    mode === "dark" || (mode !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.classList.toggle("dark", dark);
})();
