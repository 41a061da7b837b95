"""The content loss and its networks: VGG19 and VGGFace from files, EfficientNet-Lite0 from a package, or none."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from animato.models.features import FeatureNet, lite0_path, load_lite0, load_vgg
from animato.settings.training import LITE0_CONTENT, WEIGHTINGS, TrainSettings
from animato.training.losses import relative_features, summed_features
from animato.weights.io import read_plain


class ContentLoss(nn.Module):
    """Weighted distance of two images in the features of a fixed network.

    Attributes:
        name: of the network, for reports: "vgg19-caffe + vggface-caffe", "efficientnet-lite0" or "none".
    """

    def __init__(
        self, name: str, whole: FeatureNet | None, face: FeatureNet | None, weights: tuple[float, float]
    ) -> None:
        super().__init__()
        self.name = name
        self.whole = whole
        self.face = face
        self.weights = weights

    def forward(self, fake_BCHW: Tensor, real_BCHW: Tensor, boxes_B4: Tensor) -> Tensor:
        """Return the weighted loss.

        Args:
            boxes_B4: left, top, right, bottom of the face in [-1, 1]; the VGGFace input is this box, resized.
        """
        if self.whole is None:
            return fake_BCHW.new_zeros(())
        distance = relative_features if self.face is None else summed_features
        with torch.no_grad():
            real = self.whole(real_BCHW)
        loss = self.weights[0] * distance(real, self.whole(fake_BCHW))
        if self.face is not None:
            with torch.no_grad():
                real = self.face(cut_box(real_BCHW, boxes_B4))
            loss = loss + self.weights[1] * summed_features(real, self.face(cut_box(fake_BCHW, boxes_B4)))
        return loss


def cut_box(picture_BCHW: Tensor, boxes_B4: Tensor) -> Tensor:
    """Crop a box of each image and resize it to the full size (bilinear, differentiable).

    Args:
        boxes_B4: left, top, right, bottom in [-1, 1], -1 and 1 being the outer edges of the picture.
    """
    low, high = boxes_B4[:, :2], boxes_B4[:, 2:]
    centre, half = (low + high) / 2, (high - low) / 2
    zero = torch.zeros_like(half[:, 0])
    theta = torch.stack(
        [torch.stack([half[:, 0], zero, centre[:, 0]], 1), torch.stack([zero, half[:, 1], centre[:, 1]], 1)], 1
    )
    grid = F.affine_grid(theta, list(picture_BCHW.shape), align_corners=False)
    return F.grid_sample(picture_BCHW, grid, align_corners=False)


def make_content_loss(settings: TrainSettings) -> ContentLoss:
    """Build the content loss for the settings.

    Raises:
        MissingPartError: the EfficientNet-Lite0 package is required and not installed.
        InputError, FileFormatError: a weight file is missing or another network's.
    """
    choice = settings.content
    if choice == "auto":
        given = settings.vgg19 and settings.vggface
        choice = "vgg" if given else ("lite0" if lite0_path() is not None else "none")
    if choice == "none":
        return ContentLoss("none", None, None, (0.0, 0.0))
    if choice == "lite0":
        return ContentLoss("efficientnet-lite0", load_lite0(), None, (LITE0_CONTENT[settings.weighting], 0.0))
    weights = WEIGHTINGS[settings.weighting]
    nets = []
    for name, given in (("vgg19-caffe", settings.vgg19), ("vggface-caffe", settings.vggface)):
        path = Path(str(given))
        nets.append(load_vgg(*read_plain(path), name, path.name))
    return ContentLoss("vgg19-caffe + vggface-caffe", nets[0], nets[1], (weights.content, weights.face))
