// When the video is played: shows the captions of the page's language (`default` in the markup would load them before),
// and takes the still away, which would be seen beside a video of another shape.

export default function ownVideo(screen) {
  const video = screen.querySelector("video");
  const still = screen.querySelector(".video__still");

  video.addEventListener("play", () => {
    for (const track of video.textTracks) {
      if (track.language === screen.dataset.captions) track.mode = "showing";
    }
  }, { once: true });
  video.addEventListener("playing", () => { still.classList.add("video__still--over"); }, { once: true });
}
