/** The style sheet of reports, with light and dark colours, for all widths down to a phone's. */
export const style = `
:root{color-scheme:light dark;--paper:#fbfaf5;--card:#fff;--ink:#262b22;--muted:#646b5c;--rule:#e4dfcf;--leaf:#47743a;--earth:#a9662f;--sky:#4a7d8c;--dead:#e8e4d6;--wood:#8a6a4a;--warn:#9c4a1a}
@media(prefers-color-scheme:dark){:root{--paper:#151914;--card:#1c211b;--ink:#e6e8df;--muted:#a0a897;--rule:#2e352c;--leaf:#8fbf77;--earth:#d79a62;--sky:#7fb6c6;--dead:#2b3229;--wood:#a5866a;--warn:#e69a6b}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 ui-sans-serif,system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1040px;margin:0 auto;padding:40px 24px 72px}
header{display:flex;align-items:center;gap:26px;padding-bottom:26px;border-bottom:1px solid var(--rule)}
header>div{min-width:0}
.motif{width:132px;flex:none}.wood{fill:none;stroke:var(--wood);stroke-width:2.6;stroke-linecap:round}.wood.thin{stroke-width:1.7}.ground{stroke:var(--rule);stroke-width:1.5;stroke-linecap:round}.leaf{fill:var(--leaf)}
.brand{margin:0;color:var(--leaf);letter-spacing:.08em;font-size:14px;font-weight:600}
h1{margin:0;font-size:34px;line-height:1.2;font-weight:650;letter-spacing:-.015em;overflow-wrap:anywhere}
.facts{margin:4px 0 0;color:var(--muted)}.facts span{white-space:nowrap}
section{margin-top:44px}h2{margin:0 0 16px;font-size:20px;font-weight:620;letter-spacing:-.005em}
h3 small{display:inline;font-weight:400;margin-left:4px}
h3{margin:0;font-size:15px;font-weight:620;overflow-wrap:anywhere}
.lead{margin:-6px 0 18px;max-width:70ch;color:var(--muted)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin-bottom:22px}
.card{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:14px 16px}
.card span{display:block;color:var(--muted);font-size:13px}.card strong{display:block;font-size:23px;font-weight:640;letter-spacing:-.01em;white-space:nowrap}.card em{font-style:normal;font-size:14px;color:var(--leaf)}.card em.worse{color:var(--earth)}
table{width:100%;border-collapse:collapse;font-size:15px}
th,td{text-align:left;font-weight:400;padding:8px 10px;border-bottom:1px solid var(--rule);vertical-align:baseline}
tbody tr:last-child>*{border-bottom:0}
thead th{color:var(--muted);font-size:13px}th:first-child,td:first-child{padding-left:0}th:last-child,td:last-child{padding-right:0}
.number{text-align:right;white-space:nowrap}small{display:block;color:var(--muted);font-size:12.5px}
.warning{margin:14px 0 0;color:var(--warn)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,300px),1fr));gap:16px}
.chart{margin:0;background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:14px 14px 6px}
.chart{display:flex;flex-direction:column}.chart svg{display:block;width:100%;height:auto;margin-top:auto;padding-top:6px}
.legend{list-style:none;margin:2px 0 0;padding:0;display:flex;flex-wrap:wrap;gap:0 14px;font-size:13px;color:var(--muted)}.legend b{font-weight:600;color:var(--ink)}
.key{display:inline-block;width:14px;height:3px;border-radius:2px;vertical-align:middle;margin-right:6px}
.key.leaf{background:var(--leaf)}.key.earth{background:var(--earth)}.key.sky{background:var(--sky)}.key.dead{background:var(--dead)}.key.tick{width:2px;height:12px;background:var(--earth)}.key.dashed{height:0;border-top:2px dashed var(--muted);border-radius:0}
.grid{stroke:var(--rule)}.tick{fill:var(--muted);font-size:13px}.reference{stroke:var(--muted);stroke-width:1.3;stroke-dasharray:4 4}
.line{fill:none;stroke-width:2.2;stroke-linejoin:round;stroke-linecap:round}.line.leaf{stroke:var(--leaf);fill:none}.line.earth{stroke:var(--earth)}.line.sky{stroke:var(--sky)}
.end.leaf{fill:var(--leaf)}.end.earth{fill:var(--earth)}.end.sky{fill:var(--sky)}
.layers th[scope=row]{max-width:220px;overflow-wrap:anywhere;font-size:14px}.layers td,.layers tbody th{padding-top:5px;padding-bottom:5px;font-size:14px}
.forms{margin:12px 0 18px}.forms th[scope=row]{min-width:92px}.forms td:nth-child(2){white-space:nowrap}.forms .bar{width:22%;vertical-align:top;padding-top:9px}.forms .more span{white-space:nowrap}.forms .bar svg{display:block;width:100%;height:14px}.forms .other{stroke:var(--earth);stroke-width:2;vector-effect:non-scaling-stroke}
.bar{width:44%}.was,.is{display:block;height:10px;border-radius:3px}.was{background:var(--dead);min-width:2px}.is{background:var(--leaf)}
.sparks{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,190px),1fr));gap:12px}.spark{margin:0;background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:10px 12px}.spark svg{display:block;width:100%;height:auto}.spark figcaption{font-size:13px;overflow-wrap:anywhere}.spark figcaption b{font-weight:600;float:right;margin-left:8px}
.shapes{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,310px),1fr));gap:14px;align-items:start}
.shape-card{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:14px 16px}
.shape-card .facts{font-size:13px;margin:2px 0 12px}.shape-row{display:flex;gap:22px;align-items:flex-start}
.heat{flex:none}.live{fill:var(--leaf)}.dead{fill:var(--dead)}.on-live{fill:var(--card);font-weight:600}.on-dead{fill:var(--ink)}
.common{list-style:none;margin:0;padding:0;display:grid;grid-template-columns:repeat(3,auto);gap:8px 18px;justify-content:start}.common li{display:flex;flex-direction:column;align-items:center;font-size:12.5px;color:var(--muted);line-height:1.35}.common svg{display:block}
details{margin-top:12px}summary{cursor:pointer;font-size:13px;color:var(--muted)}.all{width:100%;height:auto;margin-top:10px;display:block}
.reasons td{color:var(--muted)}.reasons th[scope=row]{overflow-wrap:anywhere;min-width:130px}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:8px 22px;margin:0}dt{color:var(--muted)}dd{margin:0;overflow-wrap:anywhere}
pre{margin:0;padding:12px 14px;background:var(--card);border:1px solid var(--rule);border-radius:8px;white-space:pre-wrap;overflow-wrap:anywhere;font:13.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
@media(max-width:620px){main{padding:24px 16px 48px}header{gap:16px;align-items:flex-start}.motif{width:76px}h1{font-size:25px}.layers .bar{width:26%}.layers th:nth-child(3),.layers td:nth-child(3),.forms .more{display:none}.forms td:nth-child(3),.forms th:nth-child(3){display:table-cell}th,td{padding-left:6px;padding-right:6px}table{font-size:14px}dl{grid-template-columns:1fr;gap:2px}dd{margin-bottom:10px}.cards{grid-template-columns:1fr 1fr}.card strong{font-size:19px}}
@media print{.chart,.card,.shape-card{break-inside:avoid}}
`;
