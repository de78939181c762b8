// Replaces the still with the player when somebody presses play; before that nothing is loaded from the other site.

/** @param {HTMLElement} figure */
export default function video(figure) {
  const { player, title } = figure.dataset;
  const play = figure.querySelector("a");

  play.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // who wants another window gets one
    event.preventDefault();
    const frame = document.createElement("iframe");
    frame.className = "video__frame";
    frame.title = title;
    frame.allow = "autoplay; encrypted-media; fullscreen; picture-in-picture";
    frame.allowFullscreen = true;
    // The players refuse to run without knowing which site they are on; they get no more than its origin.
    frame.referrerPolicy = "strict-origin";
    frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-presentation allow-popups");
    frame.src = player;
    play.replaceWith(frame);
    frame.focus();
  });
}
