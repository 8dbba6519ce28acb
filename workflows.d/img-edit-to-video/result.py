"""Step result: what remains of the provider's last answer."""


def process(video):
    answer = video["body"]
    if not isinstance(answer, dict) or not answer.get("video_url"):
        raise HardError(f"the provider answered {video['status']} without a video_url: {answer}")
    log(f"the video is at {answer['video_url']}")
    return {"video_url": answer["video_url"]}
