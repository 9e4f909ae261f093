"""Several processes that learn as one: accelerate launch --num_processes 2 --multi_gpu train.py model

Each batch is dealt out, and all processes together take the step that one would have taken: batch size, rate and
result stay as they are. It stands on fastai's distributed context, and mends what that leaves to the GPU alone.
"""

import atexit
import os
from contextlib import contextmanager
from itertools import islice

import torch
import torch.distributed.nn  # imported later, its defaults would hold the group, and its threads outlive the program
from fastai.callback.core import Callback
from fastai.distributed import DistributedDL
from fastai.torch_core import find_bs
from torch import distributed
from torch.nn.modules.batchnorm import _BatchNorm

RANK, PROCESSES = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])


@contextmanager
def sharing(learner):
    """Fit in here: every process has a part of each batch, and ends with the same weights."""
    alone, loaders = learner.dls.device.type == "cpu", learner.dls.loaders
    norms = {one: type(one) for one in learner.model.modules() if alone and isinstance(one, _BatchNorm)}
    for one in norms:
        one.__class__ = Norm
    learner.dls.loaders = [Dealt(loaders[0]), *map(Whole, loaders[1:])]
    torch.manual_seed(torch.initial_seed() + RANK)  # dropout differs from process to process
    try:
        with learner.distrib_ctx(sync_bn=not alone, cpu=alone), learner.added_cbs(Rows()):
            yield
    finally:
        learner.dls.loaders = loaders
        for one, was in norms.items():
            one.__class__ = was


class Dealt(DistributedDL):
    """Deals the rows of each batch out; each comes once in an epoch (fastai repeats some, to come out even)."""

    def __len__(self):
        return len(self.dl)

    def get_idxs(self):
        order = [list(self.dl.get_idxs())]
        distributed.broadcast_object_list(order)
        if 0 < len(order[0]) % self.bs < PROCESSES:
            raise SystemExit(f"a batch of {len(order[0]) % self.bs} is too small for {PROCESSES} processes: take another BATCH")
        self.hands = [order[0][begin:][: self.bs][RANK::PROCESSES] for begin in range(0, len(order[0]), self.bs)]
        return [one for hand in self.hands for one in hand]

    def create_batches(self, samples):
        rows = map(self.dl.do_item, samples)
        return (self.dl.do_batch(list(islice(rows, len(hand)))) for hand in self.hands)


class Whole(DistributedDL):
    """What is there to judge, each process reads all of."""

    def __iter__(self):
        return iter(self.dl)

    def __len__(self):
        return len(self.dl)


class Rows(Callback):
    """Every row has the same say in a gradient, though the hands of a last batch may differ in size."""

    def after_loss(self):
        if self.training:
            mine = torch.tensor(float(find_bs(self.yb)), device=self.loss.device)
            distributed.all_reduce(every := mine.clone())
            self.learn.loss_grad = self.loss_grad * mine / every * PROCESSES


class Sum(torch.autograd.Function):
    """The sum over all processes; so is its gradient."""

    @staticmethod
    def forward(context, mine):
        distributed.all_reduce(every := mine.clone())
        return every

    @staticmethod
    def backward(context, mine):
        distributed.all_reduce(every := mine.clone())
        return every


class Norm(_BatchNorm):
    """BatchNorm over the rows of all processes; torch has that for GPUs alone."""

    def _check_input_dim(self, rows):
        """Rows of any shape do."""

    def forward(self, rows):
        if not self.training:
            return super().forward(rows)
        axes, shape = [0, *range(2, rows.dim())], [1, -1] + [1] * (rows.dim() - 2)
        count = Sum.apply(rows.new_tensor(rows.numel() / rows.shape[1]))
        mean = Sum.apply(rows.sum(axes)) / count
        apart = rows - mean.view(shape)
        spread = Sum.apply(apart.square().sum(axes)) / count
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(spread * count / (count - 1), self.momentum)
            self.num_batches_tracked += 1
        made = apart * (spread + self.eps).rsqrt().view(shape)
        return made * self.weight.view(shape) + self.bias.view(shape) if self.affine else made


@atexit.register
def end():
    """Close what accelerate has opened, and wait for its threads: one that still works would abort the program."""
    if distributed.is_initialized():
        distributed.destroy_process_group()
