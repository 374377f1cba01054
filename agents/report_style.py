"""Style sheet of reports: light, dark and print."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #17212b; --faint: #5b6672; --line: #d5dce3;
  --card: #f5f7f9;
  --pass: #00664b; --fail: #a84300; --inconclusive: #005a8f; --refused: #414b55; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #12181e; --ink: #e6ebf0; --faint: #9aa7b4; --line: #313c47;
  --card: #1a222a; --pass: #007d5c; --fail: #b84a00; --inconclusive: #0068a5; --refused: #55616d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 54rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0; }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .6rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 0 0 .5rem; }
p { margin: .6rem 0; max-width: 46rem; }
.subtitle { color: var(--faint); margin: .35rem 0 0; overflow-wrap: anywhere; }
.demo { display: inline-block; margin: 0 0 .8rem; padding: .15rem .7rem; border: 1.5px dashed currentColor;
  border-radius: 1rem; font-size: .85rem; font-weight: 600; }
.verdict { display: flex; gap: 1.1rem; align-items: center; margin: 1.6rem 0; padding: 1rem 1.3rem;
  border-radius: .7rem; color: #fff; }
.verdict .icon { font-size: 2.2rem; line-height: 1; }
.verdict strong { display: block; font-size: 1.35rem; letter-spacing: .04em; }
.verdict p { margin: 0; }
.pass { background: var(--pass); } .fail { background: var(--fail); }
.inconclusive { background: var(--inconclusive); } .refused { background: var(--refused); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .8rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .42rem .7rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
thead th { border-bottom: 2px solid var(--faint); overflow-wrap: normal; }
.key th { width: 15rem; font-weight: 600; color: var(--faint); }
.number { text-align: right; white-space: nowrap; }
figure { margin: 1.2rem 0; padding: 1rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .6rem; break-inside: avoid; }
figure img, figure svg { display: block; width: 100%; height: auto; }
figure .paper { background: #fff; color: #17212b; border-radius: .3rem; padding: .4rem; }
figcaption { margin-top: .6rem; color: var(--faint); font-size: .9rem; }
pre { margin: .6rem 0; padding: .9rem 1.1rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .6rem; white-space: pre-wrap; overflow-wrap: anywhere;
  font: .92rem/1.5 ui-monospace, "DejaVu Sans Mono", Consolas, monospace; }
@media print { :root {
    color-scheme: light; --paper: #fff; --ink: #000; --faint: #444; --line: #bbb; --card: #fff;
    --pass: #00664b; --fail: #a84300; --inconclusive: #005a8f; --refused: #414b55; }
  main { max-width: none; padding: 0; } body { font-size: 10.5pt; } h2 { break-after: avoid; }
  tr { break-inside: avoid; } .verdict { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  figure svg { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
