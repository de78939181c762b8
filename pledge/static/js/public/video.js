// Puts the player in place of the still once somebody presses play; before that nothing is asked of the other site.

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
    // The players refuse to run without knowing which site they are on; they learn no more than its name.
    frame.referrerPolicy = "strict-origin";
    frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-presentation allow-popups");
    frame.src = player;
    play.replaceWith(frame);
    frame.focus();
  });
}
