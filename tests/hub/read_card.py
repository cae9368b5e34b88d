"""What the Hugging Face Hub's own library reads in a model card, as JSON.

    python3 -I -S read_card.py PACKAGES README.md

Nothing goes over the network. Started with -I -S, so that nothing else that is installed is seen.
"""

import json
import sys


def main(packages, path):
    sys.path.insert(0, packages)
    from huggingface_hub import ModelCard

    card = ModelCard.load(path)
    results = card.data.eval_results or []
    json.dump(
        {
            "metadata": card.data.to_dict(),
            "name": card.data.model_name,
            "results": [
                {
                    "task": result.task_type,
                    "dataset": [result.dataset_type, result.dataset_name],
                    "metric": [result.metric_type, result.metric_value],
                    "verified": result.verified,
                }
                for result in results
            ],
            "text": card.text,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
