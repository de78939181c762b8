// A large button over the still starts the film, and the controls come with it. Once it is played: the captions of the page's
// language are shown (`default` in the markup would load them before), and the still goes, which would be seen beside a video
// of another shape.

/** @param {HTMLElement} screen */
export default function ownVideo(screen) {
  const video = screen.querySelector("video");
  const still = screen.querySelector(".video__still");
  const start = screen.querySelector(".video__start");

  start.hidden = false;
  video.controls = false;
  start.addEventListener("click", () => {
    video.controls = true;
    start.remove();
    video.focus();
    video.play();
  }, { once: true });
  video.addEventListener("play", () => {
    for (const track of video.textTracks) {
      if (track.language === screen.dataset.captions) track.mode = "showing";
    }
  }, { once: true });
  video.addEventListener("playing", () => { still.classList.add("video__still--over"); }, { once: true });
}
