"""How far samples are from held-out images, as the features of a CNN see it."""

from __future__ import annotations

from dcgraph.judges.cache import judge_of
from dcgraph.judges.cnn import CnnSettings
from dcgraph.judges.distance import frechet_distance
from dcgraph.judges.pytorch import device_of
from dcgraph.study.evaluations.base import Arrays
from dcgraph.study.evaluations.drawn import Drawn, SampleEvaluation, held_out_inliers


class Frechet(SampleEvaluation):
    """The Fréchet distance of samples and held-out images, like the FID.

    Features are the last hidden layer of a CNN that was trained on the same data set, where the
    FID takes a network that was trained on photographs. Value: ``samples: Frechet distance``. Few
    images raise it: compare it with that of as many training images.

    Attributes
    ----------
    judge : CnnSettings
        How the CNN is trained.
    """

    type = "frechet"

    judge: CnnSettings = CnnSettings()

    def require(self) -> None:
        device_of(self.judge.device)

    def of_samples(self, drawn: Drawn) -> tuple[dict[str, float], Arrays]:
        judge = judge_of(drawn.whole(), self.judge)
        real = held_out_inliers(drawn.dataset)
        features = [judge.features(images) for images in (drawn.images, real)]
        return {"samples: Frechet distance": frechet_distance(*features)}, {}
