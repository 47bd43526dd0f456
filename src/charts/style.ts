/**
 * The style sheet of charts. The page sets `--surface`, `--ink`, `--quiet` and `--rule`, and may replace the colours of the
 * series, `--chart-1` to `--chart-4`.
 */
export const chartStyle = `
:root{--chart-1:#3f7233;--chart-2:#c4741a;--chart-3:#3576b3;--chart-4:#9a4f8e;--chart-pale:#d9d3bf;--chart-pale-dot:#aaa48f;--chart-tick:#a9572f;--chart-range:#20241d;--chart-dashed:#6d7465}
@media(prefers-color-scheme:dark){:root{--chart-1:#8fbf77;--chart-2:#e9a14e;--chart-3:#74b3e6;--chart-4:#d592c8;--chart-pale:#3c4439;--chart-pale-dot:#7c8475;--chart-tick:#f0a37a;--chart-range:#eceee6;--chart-dashed:#a0a897}}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));gap:16px}
.chart{margin:0;min-width:0;background:var(--surface);border:1px solid var(--rule);border-radius:10px;padding:14px 16px}
.chart h3{margin:0;font-size:15px;font-weight:620}
.chart p{margin:4px 0 0;font-size:13px;color:var(--quiet);overflow-wrap:anywhere}
.chart svg{--plot-background:var(--surface);display:block;width:100%;height:auto;overflow:visible;color:var(--quiet);font-family:inherit;font-size:12px}
.chart [data-mark$=grid]{stroke-opacity:.16}
.chart .reading line:hover{stroke-opacity:.12}.chart .reading rect:hover{fill:var(--quiet);fill-opacity:.12}.chart .reading circle:hover{stroke:var(--quiet);stroke-width:1.5}
.plots{margin-top:8px}.several .plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,200px),1fr));gap:14px 18px}.several .plot{max-width:300px}
.plot.narrow{display:none}
.legend{list-style:none;margin:2px 0 0;padding:0;display:flex;flex-wrap:wrap;gap:0 14px;font-size:13px;color:var(--quiet)}.legend b{font-weight:600;color:var(--ink)}
.key{display:inline-block;width:14px;height:3px;border-radius:2px;vertical-align:middle;margin-right:6px}
.key-1{background:var(--chart-1)}.key-2{background:var(--chart-2)}.key-3{background:var(--chart-3)}.key-4{background:var(--chart-4)}
.key-bar{height:10px;background:var(--chart-1)}.key-pale{height:10px;background:var(--chart-pale)}.key-pale-dot{width:8px;height:8px;border-radius:50%;background:var(--chart-pale-dot)}
.key-tick{width:2px;height:12px;background:var(--chart-tick)}.key-range{height:2px;background:var(--chart-range)}.key-dashed{height:0;border-top:2px dashed var(--chart-dashed);border-radius:0}
.chart details{margin-top:8px}.chart summary{cursor:pointer;font-size:13px;color:var(--quiet)}
.scrolled{overflow:auto;max-height:420px;margin-top:8px}.scrolled table{font-size:13px}.scrolled th,.scrolled td{padding:4px 10px 4px 0;white-space:nowrap}
@media(max-width:700px){.plot.wide{display:none}.plot.narrow{display:block;max-width:440px}}
@media print{.chart{break-inside:avoid}}
`;
