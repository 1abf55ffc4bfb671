"""Everybody who takes part in a scenario, as real processes and servers of this machine."""

import json
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from edgedet.config.environment import without_settings
from edgedet.config.load import load_settings
from edgedet.errors import ConfigError, SimError, SourceError
from edgedet.sim.camera_command import CameraCommand
from edgedet.sim.disk import SmallDisk
from edgedet.sim.journal import Journal
from edgedet.sim.label_service import LabelOptions, LabelService
from edgedet.sim.mosquitto import Mosquitto, free_port
from edgedet.sim.mqtt_packets import Publish
from edgedet.sim.mqtt_peer import MqttPeer
from edgedet.sim.observer import Observer
from edgedet.sim.play.configuration import DISK, ConfigFile, password_files
from edgedet.sim.play.orders import in_words, reload, tell_labels, tell_mosquitto
from edgedet.sim.process import Process
from edgedet.sim.rtsp_camera import CameraProcess
from edgedet.sim.scenario.camera_settings import CameraSettings
from edgedet.sim.scenario.rounds import every_step
from edgedet.sim.scenario.schema import Scenario
from edgedet.sim.scenario.steps import (
    AnyStep,
    BrokerStep,
    CameraStep,
    ConfigStep,
    DiskStep,
    ExpectStep,
    LabelsStep,
    NeverStep,
    PeerStep,
    PublishStep,
    RuntimeStep,
)

STOP_TIMEOUT_S = 20.0
_CONFIG = "edgedet.yaml"
Tell = Callable[[str], None]


class World:
    """Starts all that a scenario names, and does what its steps say. For one thread."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        """Prepare in `folder`, which gets the logs too; `start` does the work."""
        self.head = scenario.head
        self.folder = folder
        self.journal = Journal()
        self.cameras: dict[str, CameraProcess] = {}
        self.peer: MqttPeer | None = None
        self.labels: LabelService | None = None
        self.http_port = free_port() if _asks_http(scenario.steps) else None
        self.prefix = ""
        self.expects_runtime = False
        """Whether the runtime is meant to run now."""
        self._config: ConfigFile | None = None
        command = [sys.executable, "-m", "edgedet", "run", str(folder / _CONFIG), "--no-table"]
        self.runtime = Process(command, folder / "edgedet.log", without_settings())
        self._disk: SmallDisk | None = None
        self._mosquitto: Mosquitto | None = None
        self._observer: Observer | None = None
        self._stack = ExitStack()

    def start(self, tell: Tell) -> None:
        """Start everybody but the runtime; `tell` is told of each.

        Raises:
            SimError: if somebody cannot be had on this machine.
            ConfigError: if the runtime would not take its configuration.
        """
        for name, text in {**self.head.files, **password_files(self.head)}.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        for name, camera in self.head.cameras.items():
            self._start_camera(name, camera)
            tell(f"camera {name} at {self.cameras[name].url}")
        broker = self._start_broker()
        if broker:
            tell(broker)
        if self.head.labels is not None:
            options = LabelOptions(**self.head.labels.model_dump())
            self.labels = self._stack.enter_context(LabelService(options))
            tell(f"label service at {self.labels.url}")
        if self.head.disk is not None:
            self._disk = SmallDisk(self.folder / DISK, self.head.disk.size_mb)
            self._disk.start()
            self._stack.callback(self._disk.stop)
            tell(f"disk of {self.head.disk.size_mb} MB at {self._disk.folder}")
        self._configure()

    def close(self) -> None:
        """End everybody; may be called twice."""
        self.runtime.signal(signal.SIGCONT)
        self.runtime.kill()
        self._stack.close()

    def act(self, step: AnyStep) -> str:
        """Do what a step says, and say what was done.

        Raises:
            SimError: if it cannot be done.
        """
        done = ""
        if isinstance(step, CameraStep):
            order = step.camera.model_dump(exclude_unset=True, exclude={"id"})
            self.cameras[step.camera.id].tell(CameraCommand.model_validate(order))
            done = f"camera {step.camera.id}: {in_words(order)}"
        elif isinstance(step, PeerStep) and self.peer is not None:
            self.peer.tell(step.peer)
            done = f"peer: {in_words(step.peer.model_dump(exclude_unset=True))}"
        elif isinstance(step, BrokerStep) and self._mosquitto is not None:
            tell_mosquitto(self._mosquitto, step.broker)
            done = f"mosquitto: {step.broker}"
        elif isinstance(step, DiskStep) and self._disk is not None:
            deed = self._disk.fill if step.disk == "fill" else self._disk.free
            deed()
            done = f"disk: {step.disk}"
        elif isinstance(step, LabelsStep) and self.labels is not None:
            tell_labels(self.labels, step.labels)
            done = f"label service: {in_words(step.labels.model_dump(exclude_unset=True))}"
        elif isinstance(step, PublishStep):
            done = self._publish(step)
        elif isinstance(step, ConfigStep) and self._config is not None:
            done = f"configuration: {self._config.change(step.config, step.without)}"
        elif isinstance(step, RuntimeStep):
            done = self.tell_runtime(step.runtime)
        return done

    def tell_runtime(self, deed: str) -> str:
        """Start or end the runtime, or hold it."""
        if deed == "start":
            self.runtime.start()
            self.expects_runtime = True
            return f"runtime: start, process {self.runtime.pid}"
        if deed == "reload":
            return f"runtime: reload, {reload(self.runtime)}"
        if deed in {"hold", "resume"}:
            self.runtime.signal(signal.SIGSTOP if deed == "hold" else signal.SIGCONT)
        else:
            self.expects_runtime = False
            if deed == "kill":
                self.runtime.kill()
            else:
                code = self.runtime.stop(STOP_TIMEOUT_S)
                how = f"ended with {code}" if code is not None else "had to be killed"
                return f"runtime: stop, {how}"
        return f"runtime: {deed}"

    def _start_camera(self, name: str, camera: CameraSettings) -> None:
        arguments = ["--pattern", camera.pattern, "--codec", camera.codec, "--port", "0"]
        for option in ("width", "height", "fps", "seconds", "key_interval_s"):
            flag = "--" + option.removesuffix("_s").replace("_", "-")
            arguments += [flag, str(getattr(camera, option))]
        if camera.audio:
            arguments.append("--audio")
        if camera.username is not None:
            secret = self.folder / f"{name}.camera-password"
            secret.write_text(camera.password, encoding="utf-8")
            arguments += ["--username", camera.username, "--password-file", str(secret)]
        try:
            process = CameraProcess(*arguments)
        except SourceError as exc:
            msg = f"camera {name}: {exc}"
            raise SimError(msg) from exc
        self.cameras[name] = self._stack.enter_context(process)
        for command in camera.at_start:
            process.tell(command)

    def _start_broker(self) -> str:
        broker = self.head.broker
        if broker.kind == "peer":
            self.peer = MqttPeer(self.journal)
            self.peer.start()
            self._stack.callback(self.peer.stop)
            for command in broker.at_start:
                self.peer.tell(command)
            return f"scripted peer at {self.peer.url}"
        if broker.kind == "none":
            return ""
        folder = self.folder / "mosquitto"
        options = list(broker.options)
        if broker.persistence:
            options += ["persistence true", f"persistence_location {folder}/"]
        self._mosquitto = Mosquitto(folder, options)
        self._stack.callback(self._mosquitto.stop)
        if broker.is_started:
            self._mosquitto.start()
        self._observer = Observer(self._mosquitto.port, self.journal)
        self._observer.start(waits=broker.is_started)
        self._stack.callback(self._observer.stop)
        return f"mosquitto at {self._mosquitto.url}" + (
            "" if broker.is_started else ", not started"
        )

    def _configure(self) -> None:
        addresses = {f"camera.{name}.url": camera.url for name, camera in self.cameras.items()}
        for name, server in (
            ("broker", self.peer or self._mosquitto),
            ("labels", self.labels),
        ):
            if server is not None:
                addresses[f"{name}.url"] = server.url
        path = self.folder / _CONFIG
        self._config = ConfigFile(path, self.head, addresses, self.http_port)
        try:
            settings = load_settings(path, environ={}).settings
        except ConfigError as exc:
            # the file is made of the section `config`, and may be gone when this is read
            told = tuple(f"config: {problem.partition(': ')[2]}" for problem in exc.problems)
            msg = f"{self.head.name}: the runtime does not take this configuration"
            raise ConfigError(msg, told) from exc
        device = settings.device
        self.prefix = f"{settings.mqtt.topic_root}/{device.site}/{device.name}"

    def _publish(self, step: PublishStep) -> str:
        message = step.publish
        payload = b"" if message.payload is None else json.dumps(message.payload).encode()
        properties: dict[str, str | bytes] = {}
        if message.response_topic:
            properties["ResponseTopic"] = whole_topic(self.prefix, message.response_topic)
        if message.correlation:
            properties["CorrelationData"] = message.correlation.encode()
        topic = whole_topic(self.prefix, message.topic)
        speaker = self.peer or self._observer
        if speaker is not None:
            speaker.publish(
                Publish(topic, payload, message.qos, message.retain, properties=properties)
            )
        return f"publish {message.topic}"


def whole_topic(prefix: str, topic: str) -> str:
    """The topic that a scenario means: below the device's prefix, or behind a `/` as it is."""
    return topic[1:] if topic.startswith("/") else f"{prefix}/{topic}"


def _asks_http(steps: tuple[AnyStep, ...]) -> bool:
    steps = tuple(every_step(steps))
    checks = [step.expect for step in steps if isinstance(step, ExpectStep)]
    checks += [step.never for step in steps if isinstance(step, NeverStep)]
    return any(check.http is not None for check in checks)
