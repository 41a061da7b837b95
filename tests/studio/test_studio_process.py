"""A real server: from a photo to a video, errors, cancel, and what survives when server or worker are killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from studio_process import LONG, SHORT, StudioProcess, ended, rendering
from voice import write_voice
from websockets.sync.client import ClientConnection, connect

from animato.pipeline.demo import DEMO_PHOTO


@pytest.fixture(autouse=True)
def running(process: StudioProcess) -> Iterator[None]:
    """Start the server again if a test before has killed it."""
    if process.process.poll() is not None:
        process.start()
    yield


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return dict(answer.json()["error"])


def test_the_faces_of_a_photo_are_found_from_left_to_right(process: StudioProcess, tmp_path: Path) -> None:
    portrait = Image.open(DEMO_PHOTO).convert("RGB")
    both = Image.new("RGB", (640, 320))
    both.paste(portrait, (0, 0))
    both.paste(portrait, (320, 0))
    both.save(tmp_path / "two.png")
    found = process.client.post("/faces", json={"photo": process.upload(tmp_path / "two.png")}).json()
    assert (found["width"], found["height"]) == (640, 320)
    assert [face["index"] for face in found["faces"]] == [1, 2]
    for face, left in zip(found["faces"], (0, 320), strict=True):
        x, y, width, height = face["box"]
        assert left < x and x + width < left + 320 and y > 0 and y + height < 320
        (right_eye, left_eye, nose, *_, chin, forehead) = face["points"]
        assert len(face["points"]) == 7
        assert right_eye[0] < nose[0] < left_eye[0] and forehead[1] < right_eye[1] < nose[1] < chin[1]


def test_a_file_that_is_no_photo_is_refused_under_the_name_that_the_client_gave(
    process: StudioProcess, tmp_path: Path
) -> None:
    (tmp_path / "holiday.png").write_bytes(DEMO_PHOTO.read_bytes()[:5000])
    number = process.upload(tmp_path / "holiday.png")
    refused = problem(process.client.post("/faces", json={"photo": number}), 422)
    assert refused["field"] == "photo" and refused["code"] == "picture"
    assert refused["what"].startswith("holiday.png is damaged") and refused["hint"]
    assert number not in json.dumps(refused) and str(process.data) not in json.dumps(refused)


def test_no_head_is_made_without_consent_or_with_half_of_it(process: StudioProcess) -> None:
    photo = process.upload(DEMO_PHOTO)
    refused = problem(process.client.post("/heads", json={"photos": [photo]}), 403)
    assert refused["field"] == "consent" and refused["code"] == "refused" and "consent" in refused["what"]
    consent = {"ground": "deceased"}
    refused = problem(process.client.post("/heads", json={"photos": [photo], "consent": consent}), 422)
    assert refused["field"] == "consent" and "reason" in refused["what"]
    statements = {item["ground"]: item for item in process.client.get("/consent").json()}
    assert statements["deceased"]["needs"] == ["reason"] and statements["self"]["statement"].startswith("I am")


def test_a_face_may_be_placed_by_hand(process: StudioProcess) -> None:
    photo = process.upload(DEMO_PHOTO)
    points = [[136, 130], [203, 134], [165, 169], [140, 200], [190, 203], [162, 262], [172, 83]]
    wanted = {"photos": [photo], "consent": {"ground": "not-a-person"}, "points": {photo: points}}
    made = process.client.post("/heads", json=wanted)
    assert made.status_code == 201, made.text
    assert process.client.delete(f"/heads/{made.json()['id']}").status_code == 204
    wanted["points"] = {photo: points[::-1]}
    refused = problem(process.client.post("/heads", json=wanted), 422)
    assert refused["what"] == "the points do not form a face" and refused["field"] == "points"


def test_a_head_keeps_its_ground_and_its_names_and_can_be_exported_and_imported(
    process: StudioProcess, head: str, tmp_path: Path
) -> None:
    made = process.client.get(f"/heads/{head}").json()
    assert made["ground"] == "not-a-person" and made["name"] == "Demo" and made["report"]["photo"] == DEMO_PHOTO.name
    picture = process.client.get(f"/heads/{head}/thumbnail")
    assert picture.headers["content-type"] == "image/jpeg" and picture.content.startswith(b"\xff\xd8")
    (tmp_path / "demo.animato").write_bytes(process.client.get(f"/heads/{head}/content").content)
    imported = process.client.post("/heads/import", json={"file": process.upload(tmp_path / "demo.animato")})
    assert imported.status_code == 201 and imported.json()["ground"] == "not-a-person"
    number = imported.json()["id"]
    renamed = process.client.patch(f"/heads/{number}", json={"name": "Copy"}).json()
    assert renamed["name"] == "Copy" and renamed["id"] == number
    assert process.client.delete(f"/heads/{number}").status_code == 204
    assert problem(process.client.get(f"/heads/{number}"), 404)["code"] == "not-found"
    assert not list((process.data / "heads").glob(f"{number}*"))


def test_a_job_becomes_a_marked_and_signed_video_that_the_checker_knows(
    process: StudioProcess, head: str, tmp_path: Path
) -> None:
    with process.events() as wait:
        job = wait(process.job(head, SHORT), ended)
    assert job["state"] == "done" and job["progress"] == 1.0, job["error"]
    result = process.client.get(f"/results/{job['result']}").json()
    assert result["frames"] == 5 and result["credentials"]["state"] == "trusted" and result["credentials"]["says_ai"]
    content = process.client.get(f"/results/{job['result']}/content")
    assert content.headers["content-type"] == "video/mp4" and len(content.content) == result["bytes"]
    (tmp_path / "out.mp4").write_bytes(content.content)
    with av.open(str(tmp_path / "out.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) == 5
    checked = process.client.post("/verify", json={"file": process.upload(tmp_path / "out.mp4", "mine.mp4")}).json()
    assert checked["found"] and checked["file"] == "mine.mp4" and checked["credentials"]["state"] == "trusted"
    assert result["mark_id"] in json.dumps(checked) and checked["sentences"]
    driver = process.client.post("/drivers", json={"file": process.upload(tmp_path / "out.mp4", "mine.mp4")}).json()
    assert driver["kind"] == "video" and driver["duration"] == pytest.approx(0.2) and len(driver["filmstrip"]) == 12
    strip = process.client.get(driver["filmstrip"][11].removeprefix("/api/v1"))
    assert strip.content.startswith(b"\xff\xd8")
    assert process.client.delete(f"/files/{process.client.get('/files').json()[0]['id']}").status_code == 409
    assert process.client.delete(f"/drivers/{driver['id']}").status_code == 204


def test_a_result_is_checked_where_it_lies_with_the_credentials_beside_it(process: StudioProcess, head: str) -> None:
    with process.events() as wait:
        job = wait(process.job(head, SHORT, format="gif"), ended)
    checked = process.client.post(f"/results/{job['result']}/verify").json()
    assert checked["file"].endswith(".gif") and checked["credentials"]["state"] == "trusted", checked


def test_a_picture_drives_by_its_expression(process: StudioProcess, head: str, tmp_path: Path) -> None:
    photo = process.upload(DEMO_PHOTO)
    read = process.client.post("/expressions/read", json={"file": photo})
    assert read.status_code == 200 and isinstance(read.json()["controls"], dict), read.text
    driver = process.client.post("/drivers", json={"file": photo}).json()
    assert driver["kind"] == "picture" and driver["duration"] > 1 and len(driver["filmstrip"]) == 1
    assert process.client.get(driver["filmstrip"][0].removeprefix("/api/v1")).content.startswith(b"\xff\xd8")
    with process.events() as wait:
        job = wait(process.job(head, SHORT, driver=driver["id"]), ended)
    assert job["state"] == "done", job["error"]
    text = process.upload(tmp_path / "notes.txt") if (tmp_path / "notes.txt").write_text("words") else ""
    refused = problem(process.client.post("/drivers", json={"file": text}), 422)
    assert refused["what"].startswith("notes.txt is not a driver") and refused["field"] == "file"


def test_a_sound_drives_the_mouth(process: StudioProcess, head: str, tmp_path: Path) -> None:
    sound = process.upload(write_voice(tmp_path / "talk.wav", 1.2, [(0.3, 0.9)]))
    driver = process.client.post("/drivers", json={"file": sound}).json()
    assert driver["kind"] == "sound" and driver["duration"] == pytest.approx(1.2) and driver["filmstrip"] == []
    assert driver["fps"] == 25 and driver["warnings"] == []
    content = process.client.get(f"/drivers/{driver['id']}/content")
    assert content.headers["content-type"].startswith("audio/") and content.content.startswith(b"RIFF")
    with process.events() as wait:
        job = wait(process.job(head, SHORT, driver=driver["id"]), ended)
    assert job["state"] == "done", job["error"]
    (tmp_path / "damaged.wav").write_bytes(b"RIFF\0\0\0\0WAVEfmt ")
    refused = problem(process.client.post("/drivers", json={"file": process.upload(tmp_path / "damaged.wav")}), 422)
    assert refused["what"].startswith("damaged.wav ") and refused["field"] == "file"


def test_settings_that_exclude_each_other_are_refused_when_the_job_is_asked_for(
    process: StudioProcess, head: str
) -> None:
    wanted = {"head": head, "driver": "nod", "settings": {"start": 2.0, "end": 1.0}}
    refused = problem(process.client.post("/jobs", json=wanted), 422)
    assert refused["what"].startswith("`end` must be after `start`")
    wanted["settings"] = {"mouth": 3.0}
    refused = problem(process.client.post("/jobs", json=wanted), 422)
    assert refused["field"] == "settings.mouth" and refused["what"] == "`settings.mouth` must be at most 2.0, not 3.0"
    for name in ("tsa", "sign_key", "person"):
        wanted["settings"] = {name: "/etc/passwd"}
        assert problem(process.client.post("/jobs", json=wanted), 422)["field"] == f"settings.{name}"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds the worker in /proc")
def test_a_job_whose_worker_is_killed_is_interrupted_tried_again_and_cancelled_and_the_next_one_runs(
    process: StudioProcess, head: str
) -> None:
    with process.events() as wait:
        long = process.job(head, LONG)
        wait(long, rendering)
        for child in process.children():
            os.kill(child, signal.SIGKILL)
        job = wait(long, ended)
        assert job["state"] == "interrupted" and job["error"]["hint"]
        assert process.client.post(f"/jobs/{long}/retry").status_code == 200
        short = process.job(head, SHORT)
        wait(long, rendering)
        assert process.client.post(f"/jobs/{long}/cancel").json()["state"] == "cancelled"
        assert wait(short, ended)["state"] == "done"
    assert process.client.get(f"/jobs/{long}").json()["state"] == "cancelled"
    assert process.client.delete(f"/jobs/{long}").status_code == 204
    # What reads files was killed, too, and is started again.
    assert process.client.post("/faces", json={"photo": process.upload(DEMO_PHOTO)}).status_code == 200


def test_after_kill_9_of_the_server_results_heads_and_jobs_are_there_and_the_waiting_job_goes_on(
    process: StudioProcess, head: str
) -> None:
    with process.events() as wait:
        done = wait(process.job(head, SHORT), ended)
    with process.events() as wait:
        long, waiting = process.job(head, LONG), process.job(head, SHORT)
        wait(long, rendering)
        process.kill()
    (process.data / "files" / "0123456789abcdef.part").write_bytes(b"half an upload")
    process.start()
    job = process.client.get(f"/jobs/{long}").json()
    assert job["state"] == "interrupted" and job["error"]["what"]
    assert process.client.get(f"/heads/{head}").status_code == 200
    assert process.client.get(f"/results/{done['result']}/content").status_code == 200
    assert not list((process.data / "files").glob("*.part"))
    with process.events() as wait:
        if not ended(process.client.get(f"/jobs/{waiting}").json()):
            wait(waiting, ended)
    assert process.client.get(f"/jobs/{waiting}").json()["state"] == "done"


def test_two_clients_see_the_same_and_change_the_same(process: StudioProcess, head: str) -> None:
    with process.new_client() as other, process.events() as wait:
        assert other.patch(f"/heads/{head}", json={"name": "Other"}).status_code == 200
        assert process.client.get(f"/heads/{head}").json()["name"] == "Other"
        number = process.job(head, SHORT)
        assert other.get(f"/jobs/{number}").json()["id"] == number
        assert wait(number, ended)["state"] == "done"
        assert {job["id"] for job in other.get("/jobs").json()} == {j["id"] for j in process.client.get("/jobs").json()}


def socket_of(process: StudioProcess, query: str, token: str | None = None) -> ClientConnection:
    address = f"ws{process.address.removeprefix('http')}/api/v1/frames?{query}"
    headers = {"Authorization": f"Bearer {token or process.token}"}
    return connect(address, additional_headers=headers, proxy=None, max_size=None)


def frame_of(message: str | bytes) -> tuple[dict[str, Any], bytes]:
    assert isinstance(message, bytes), message
    (length,) = struct.unpack("<I", message[:4])
    return json.loads(message[4 : 4 + length]), message[4 + length :]


def test_the_editor_answers_each_expression_with_a_picture_that_shows_it(
    process: StudioProcess, head: str, tmp_path: Path
) -> None:
    pictures = []
    with socket_of(process, f"head={head}&size=256") as editor:
        told = json.loads(editor.recv())["opened"]
        assert told["width"] == told["height"] == 512 and told["mark_id"]
        for seq, controls in enumerate(({}, {"jaw_open": 1.0}, {"yaw": 20.0})):
            editor.send(json.dumps({"seq": seq, "controls": controls}))
            header, picture = frame_of(editor.recv())
            assert header["seq"] == seq and header["ms"] > 0
            (tmp_path / "frame.jpg").write_bytes(picture)
            image = np.asarray(Image.open(tmp_path / "frame.jpg"))
            assert image.shape == (told["height"], told["width"], 3)
            pictures.append(image.astype(float))
        editor.send(json.dumps({"seq": 3, "controls": {"smil": 1.0}}))
        refused = json.loads(editor.recv())
        assert refused["seq"] == 3 and refused["error"]["what"] == "no such control: smil"
        editor.send("no JSON")
        assert json.loads(editor.recv())["error"]["code"] == "request"
        editor.send(json.dumps({"seq": 4, "controls": {}, "settings": {"neutralise": 1.0}}))
        assert frame_of(editor.recv())[0]["seq"] == 4
    assert np.abs(pictures[0] - pictures[1]).mean() > 0.5 and np.abs(pictures[0] - pictures[2]).mean() > 2


def test_of_many_expressions_the_newest_wins(process: StudioProcess, head: str) -> None:
    with socket_of(process, f"head={head}&size=128") as editor:
        editor.recv()
        for seq in range(200):
            editor.send(json.dumps({"seq": seq, "controls": {"smile": seq / 200}}))
        seen = [-1]
        while seen[-1] < 199:
            seen.append(frame_of(editor.recv())[0]["seq"])
    assert seen == sorted(seen) and len(seen) < 150


@pytest.mark.parametrize("query", ["head=0123456789abcdef", "head=../x", "size=100000"])
def test_an_editor_of_nothing_is_told_why_it_closes(process: StudioProcess, head: str, query: str) -> None:
    with socket_of(process, query if query.startswith("head") else f"head={head}&{query}") as editor:
        assert json.loads(editor.recv())["error"]["what"]


def test_an_upload_of_two_gigabytes_ends_in_a_sentence_before_it_is_sent(process: StudioProcess) -> None:
    host, _, port = process.address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as line:
        head = f"POST /api/v1/files?name=big.mp4 HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 2000000000\r\n"
        line.sendall(f"{head}Connection: close\r\nAuthorization: Bearer {process.token}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: line.recv(100_000), b"")).decode()
    assert answer.startswith("HTTP/1.1 413") and "the file is too large; files up to 2 MB are taken" in answer
    assert process.client.get("/status").status_code == 200


def test_ctrl_c_ends_the_server_and_its_processes(tmp_path: Path) -> None:
    own = StudioProcess(tmp_path / "studio")  # the shared one is left running
    children = own.children() if sys.platform.startswith("linux") else []
    with own.events() as _:
        assert own.stop() == 130
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)
