"""What the Hugging Face Hub's own library reads in model cards, as a list in JSON.

    python3 -I -S read_cards.py PACKAGES CARD...

Nothing goes over the network. Started with -I -S, so that nothing else that is installed is seen.
"""

import json
import sys


def read(card):
    return {
        "metadata": card.data.to_dict(),
        "name": card.data.model_name,
        "results": [
            {
                "task": result.task_type,
                "dataset": [result.dataset_type, result.dataset_name],
                "metric": [result.metric_type, result.metric_value],
                "verified": result.verified,
            }
            for result in card.data.eval_results or []
        ],
        "text": card.text,
    }


def main(packages, paths):
    sys.path.insert(0, packages)
    from huggingface_hub import ModelCard

    json.dump([read(ModelCard.load(path)) for path in paths], sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
