// Fills the live columns of the overview from the public Prometheus API; the page itself is complete without it.
"use strict";

const REFRESH_MS = 10_000;
const RELOAD_MS = 60_000;
const COLUMNS = {
  state: "min by (instance) (up)",
  // What an agent on the host says, or else what the host says by SNMP.
  cpu: '100 * (1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[2m]))) or avg by (instance) (forewatch_device_cpu_usage_percent)',
  memory: "max by (instance) (100 * (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)) or max by (instance) (forewatch_device_memory_usage_percent)",
  disk: "max by (instance) (100 * (1 - node_filesystem_avail_bytes / node_filesystem_size_bytes)) or max by (instance) (forewatch_device_storage_usage_percent)",
  uptime: "max by (instance) (sysUpTime) / 100",
  interfacesUp: "count by (instance) (ifOperStatus == 1)",
  interfacesDown: "count by (instance) (ifOperStatus == 2 and ifAdminStatus == 1)",
};

async function byInstance(query) {
  const answer = await fetch("/prometheus/api/v1/query?query=" + encodeURIComponent(query));
  if (answer.status === 401) location.reload(); // signed out meanwhile: on to the sign-in page
  if (!answer.ok) return null;
  const { data } = await answer.json();
  return new Map(data.result.map((one) => [one.metric.instance, Number(one.value[1])]));
}

function percent(value) {
  return value === undefined ? "—" : value.toFixed(0) + " %";
}

function duration(seconds) {
  if (seconds === undefined) return "—";
  const days = Math.floor(seconds / 86400), hours = Math.floor((seconds % 86400) / 3600), minutes = Math.floor((seconds % 3600) / 60);
  return days ? `${days} d ${hours} h` : `${hours} h ${minutes} min`;
}

function fill(row, selector, text) {
  const cell = row.querySelector(selector);
  if (cell) cell.textContent = text;
}

function show(table, columns) {
  for (const row of table.tBodies[0].rows) {
    const instances = JSON.parse(row.dataset.instances);
    const pick = (name) => instances.map((instance) => columns[name]?.get(instance)).find((value) => value !== undefined);
    const up = pick("state");
    const word = up === undefined ? "silent" : up ? "up" : "down";
    const state = row.querySelector(".state");
    state.className = "state " + word;
    state.textContent = table.dataset[word];
    fill(row, ".cpu", percent(pick("cpu")));
    fill(row, ".memory", percent(pick("memory")));
    fill(row, ".disk", percent(pick("disk")));
    fill(row, ".uptime", duration(pick("uptime")));
    const known = pick("interfacesUp") ?? pick("interfacesDown");
    fill(row, ".interfaces", known === undefined ? "—" : `${pick("interfacesUp") ?? 0} / ${pick("interfacesDown") ?? 0}`);
  }
}

async function refresh() {
  const names = Object.keys(COLUMNS);
  const results = await Promise.all(names.map((name) => byInstance(COLUMNS[name]).catch(() => null)));
  const answered = results.some((result) => result !== null);
  document.getElementById("trouble").hidden = answered;
  if (!answered) return; // what was seen last says more than a page of "no data"
  if (performance.now() > RELOAD_MS) location.reload(); // rows come from the server: a new host or incident shows
  const columns = Object.fromEntries(names.map((name, index) => [name, results[index]]));
  document.querySelectorAll("table.live").forEach((table) => show(table, columns));
}

refresh();
setInterval(refresh, REFRESH_MS);
