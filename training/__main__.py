"""The run book of the trainer.

python -m training train --data photos/ --out models/       a folder of photos per label -> a new bundle
python -m training bundle promote parks-20260101-120000     verify it, then serve it
"""

import sys

from training.cli import main

if __name__ == "__main__":
    sys.exit(main())
