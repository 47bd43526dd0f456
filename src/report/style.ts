/** The style sheet of reports, with light and dark colours, for all widths down to a phone's. */
export const style = `
:root{color-scheme:light dark;--paper:#fbfaf5;--surface:#fff;--ink:#262b22;--quiet:#646b5c;--rule:#e4dfcf;--leaf:#47743a;--earth:#a9662f;--dead:#e8e4d6;--wood:#8a6a4a;--warn:#9c4a1a}
@media(prefers-color-scheme:dark){:root{--paper:#151914;--surface:#1c211b;--ink:#e6e8df;--quiet:#a0a897;--rule:#2e352c;--leaf:#8fbf77;--earth:#d79a62;--dead:#2b3229;--wood:#a5866a;--warn:#e69a6b}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 ui-sans-serif,system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1040px;margin:0 auto;padding:40px 24px 72px}
header{display:flex;align-items:center;gap:26px;padding-bottom:26px;border-bottom:1px solid var(--rule)}
header>div{min-width:0}
.motif{width:132px;flex:none}.wood{fill:none;stroke:var(--wood);stroke-width:2.6;stroke-linecap:round}.wood.thin{stroke-width:1.7}.ground{stroke:var(--rule);stroke-width:1.5;stroke-linecap:round}.leaf{fill:var(--leaf)}
.brand{margin:0;color:var(--leaf);letter-spacing:.08em;font-size:14px;font-weight:600}
h1{margin:0;font-size:34px;line-height:1.2;font-weight:650;letter-spacing:-.015em;overflow-wrap:anywhere}
.facts{margin:4px 0 0;color:var(--quiet)}.facts span{white-space:nowrap}
section{margin-top:44px}h2{margin:0 0 16px;font-size:20px;font-weight:620;letter-spacing:-.005em}
h3 small{display:inline;font-weight:400;margin-left:4px}
h3{margin:0;font-size:15px;font-weight:620;overflow-wrap:anywhere}
.lead{margin:-6px 0 18px;max-width:70ch;color:var(--quiet)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin-bottom:22px}
.card{background:var(--surface);border:1px solid var(--rule);border-radius:10px;padding:14px 16px}
.card span{display:block;color:var(--quiet);font-size:13px}.card strong{display:block;font-size:23px;font-weight:640;letter-spacing:-.01em;white-space:nowrap}.card em{font-style:normal;font-size:14px;color:var(--leaf)}.card em.worse{color:var(--earth)}
table{width:100%;border-collapse:collapse;font-size:15px}
th,td{text-align:left;font-weight:400;padding:8px 10px;border-bottom:1px solid var(--rule);vertical-align:baseline}
tbody tr:last-child>*{border-bottom:0}
thead th{color:var(--quiet);font-size:13px}th:first-child,td:first-child{padding-left:0}th:last-child,td:last-child{padding-right:0}
.number{text-align:right;white-space:nowrap}small{display:block;color:var(--quiet);font-size:12.5px}
.warning{margin:14px 0 0;color:var(--warn)}
.shapes{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,310px),1fr));gap:14px;align-items:start}
.shape-card{background:var(--surface);border:1px solid var(--rule);border-radius:10px;padding:14px 16px}
.shape-card .facts{font-size:13px;margin:2px 0 12px}.shape-row{display:flex;gap:22px;align-items:flex-start}
.heat{flex:none}.live{fill:var(--leaf)}.dead{fill:var(--dead)}.on-live{fill:var(--surface);font-weight:600}.on-dead{fill:var(--ink)}
.common{list-style:none;margin:0;padding:0;display:grid;grid-template-columns:repeat(3,auto);gap:8px 18px;justify-content:start}.common li{display:flex;flex-direction:column;align-items:center;font-size:12.5px;color:var(--quiet);line-height:1.35}.common svg{display:block}
details{margin-top:12px}summary{cursor:pointer;font-size:13px;color:var(--quiet)}.all{width:100%;height:auto;margin-top:10px;display:block}
.reasons td{color:var(--quiet)}.reasons th[scope=row]{overflow-wrap:anywhere;min-width:130px}
table+.charts,.scrolling+.charts,.chart+dl,p+.charts{margin-top:20px}
.scrolling{overflow-x:auto}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:8px 22px;margin:0}dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}
pre{margin:0;padding:12px 14px;background:var(--surface);border:1px solid var(--rule);border-radius:8px;white-space:pre-wrap;overflow-wrap:anywhere;font:13.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
@media(max-width:620px){main{padding:24px 16px 48px}header{gap:16px;align-items:flex-start}.motif{width:76px}h1{font-size:25px}th,td{padding-left:6px;padding-right:6px}table{font-size:14px}dl{grid-template-columns:1fr;gap:2px}dd{margin-bottom:10px}.cards{grid-template-columns:1fr 1fr}.card strong{font-size:19px}}
@media print{.card,.shape-card{break-inside:avoid}}
`;
