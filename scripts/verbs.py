"""The verbs of `ranrein`: each is the module of this folder that has its name, with `main(argv) -> int`."""

from __future__ import annotations

VERBS = {
    "demo": "the whole flow in miniature",
    "train": "train an agent: env=energy_saving agent=ppo scenario=urban",
    "evaluate": "score a policy against baselines and bound: policy=runs/<name>",
    "collect": "write episodes as a dataset for offline learning: policy=forecast_rule",
    "calibrate": "fit the twin to measured KPIs: log=FILE scenario=NAME",
    "shadow": "report what a policy would have done, without acting",
    "certify": "sign what the evidence supports, or say why not: level=ci|lab|strict",
    "operate": "run the loop against a network",
    "mode": "show or change the loop mode",
    "approve": "approve a pending step, as the second person",
    "advise": "list, accept or reject what the policy proposes",
    "stop": "stop the loop and restore the last known good configuration",
    "status": "show mode, authority, shield and last actions of a loop",
    "keys": "create and list signing identities",
    "audit": "verify the audit chain: audit verify",
    "nationwide": "run a rule on a network of thousands of cells, cluster by cluster",
    "bench": "measure speed on this machine",
}
