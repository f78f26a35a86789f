/** The page's own style: light and dark as the reader has it, from 320 pixels on, and black on white on paper. */
export const pageStyle = `
:root { color-scheme: light dark; --back: #fff; --card: #f5f6f8; --text: #1c2128; --soft: #57606a; --line: #d0d7de;
  --c1: #1f6feb; --c2: #d9730d; --c3: #8c959f; --c4: #2da44e; --c5: #bf8700; --c6: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --back: #0d1117; --card: #161b22; --text: #e6edf3; --soft: #9198a1; --line: #30363d;
  --c1: #58a6ff; --c2: #f0883e; --c3: #6e7681; --c4: #3fb950; --c5: #d29922; --c6: #ff7b72; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 80rem; padding: 1rem; background: var(--back); color: var(--text);
  font: 1rem/1.45 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 0 0 .6rem; }
header p, footer { color: var(--soft); margin: .2rem 0 0; }
section { margin-top: 2rem; border-top: 1px solid var(--line); padding-top: 1rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .5rem; margin: 0 0 1rem; }
.tiles > div { background: var(--card); border-radius: .4rem; padding: .5rem .7rem; }
.tiles dt { color: var(--soft); font-size: .85rem; overflow-wrap: anywhere; }
.tiles dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.tiles dd + dd { font-size: .85rem; color: var(--soft); } .tiles span { white-space: nowrap; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 18rem), 1fr)); gap: 1rem; }
figure { margin: 0; }
figcaption { font-size: .9rem; font-weight: 600; margin-bottom: .2rem; overflow-wrap: anywhere; }
svg { display: block; width: 100%; height: auto; }
svg text { font-size: 11px; fill: var(--soft); paint-order: stroke; stroke: var(--back); stroke-width: 3px; }
.grid { stroke: var(--line); stroke-dasharray: 2 3; } .axis { stroke: var(--soft); }
.c1 { fill: var(--c1); background: var(--c1); stroke: var(--c1); } .c2 { fill: var(--c2); background: var(--c2); stroke: var(--c2); }
.c3 { fill: var(--c3); background: var(--c3); stroke: var(--c3); } .c4 { fill: var(--c4); background: var(--c4); stroke: var(--c4); }
.c5 { fill: var(--c5); background: var(--c5); stroke: var(--c5); } .c6 { fill: var(--c6); background: var(--c6); stroke: var(--c6); }
rect { stroke: none !important; shape-rendering: crispEdges; } .line { fill: none !important; stroke-width: 1.5; } .dashed { stroke-dasharray: 3 2; } .open { opacity: .45; }
.legend { display: flex; flex-wrap: wrap; gap: .1rem .8rem; list-style: none; margin: .2rem 0 0; padding: 0; font-size: .8rem; color: var(--soft); }
.swatch { display: inline-block; width: .7em; height: .7em; border-radius: 2px; margin-right: .35em; print-color-adjust: exact; }
details { margin-top: .8rem; } summary { cursor: pointer; color: var(--soft); padding: .3rem 0; }
.scroll { overflow-x: auto; margin-top: .8rem; } .scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--c1); outline-offset: 2px; }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: .85rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .3rem; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--back); }
thead th { vertical-align: bottom; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.notes { padding-left: 1.2rem; overflow-wrap: anywhere; }
@media print { :root { color-scheme: light; --back: #fff; --card: #fff; --text: #000; --soft: #333; --line: #999;
  --c1: #1f6feb; --c2: #d9730d; --c3: #8c959f; --c4: #2da44e; --c5: #bf8700; --c6: #cf222e; }
  body { max-width: none; padding: 0; font-size: 10pt; } .tiles > div { border: 1px solid var(--line); }
  .tiles > div, figure, tr { break-inside: avoid; } h2 { break-after: avoid; } .scroll { overflow: visible; }
  thead { display: table-header-group; } th:first-child { position: static; }
  details:not([open]) { display: none; } rect, circle, path { print-color-adjust: exact; } }
`;
