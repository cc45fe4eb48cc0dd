"""The run book of the trainer.

python -m training check --data photos/                     what is wrong with the photos, on a page to look at
python -m training train --data photos/ --out models/       a folder of photos per label -> a new bundle
python -m training split --data photos/ --out m.csv         which photo is in which split; use it with --manifest m.csv
python -m training train --data photos/ --labels table.csv --multi-label        several labels a photo
python -m training fit --data photos/                       as far as learner.pkl, in runs/; the same command again
                                                            goes on after an interruption
python -m training export runs/parks-20260101-120000        what `fit` has left -> a bundle
accelerate launch --multi_gpu --num_processes 4 -m training train --data photos/        on four GPUs
python -m training feedback export --out photos/            what visitors said and the operator agreed with, as photos
python -m training bundle promote parks-20260101-120000     verify it, then serve it
"""

import sys

from training.cli import main
from training.memory import keep_freed_memory

if __name__ == "__main__":
    keep_freed_memory()
    sys.exit(main())
