// /stats in its three formats. The filter is a regular expression that runs in linear time, whatever it says.
import { Failure } from "../../errors/failure.ts";
import type { Gateway } from "../control/gateway.ts";
import { compileRegex } from "../route/linear-regex.ts";
import type { Sample } from "../stats/merge.ts";
import { type Keep, statsJson, statsPrometheus, statsText } from "../stats/render.ts";
import { type AdminAnswer, type AdminContext, text } from "./routes.ts";

/** Which names a query keeps; an answer where its filter is no expression. */
function keepOf(query: URLSearchParams): Keep | AdminAnswer {
  const filter = query.get("filter");
  if (filter === null || filter === "") return () => true;
  try {
    compileRegex(filter);
    // Anywhere in the name, as Envoy looks for it.
    const regex = compileRegex(`(?s:.*)(?:${filter})(?s:.*)`);
    return (name) => regex.matches(name);
  } catch (error) {
    if (!(error instanceof Failure) && !(error instanceof SyntaxError)) throw error;
    return text(`filter: ${error.message}\n`, 400);
  }
}

/** Envoy's `usedonly`, as far as values tell: what is 0, or has no values, was not used. */
function samplesOf(gateway: Gateway, query: URLSearchParams): readonly Sample[] {
  const samples = gateway.samples();
  return query.has("usedonly") ? samples.filter(({ value }) => value !== 0) : samples;
}

export function statsPage({ gateway }: AdminContext, query: URLSearchParams): AdminAnswer {
  const keep = keepOf(query);
  if (typeof keep !== "function") return keep;
  const samples = samplesOf(gateway, query);
  switch (query.get("format") ?? "text") {
    case "json":
      return { status: 200, type: "json", body: statsJson(samples, keep) };
    case "prometheus":
      return { status: 200, type: "prometheus", body: statsPrometheus(samples, keep) };
    case "text":
      return text(statsText(samples, keep));
    default:
      return text("format: text, json or prometheus\n", 400);
  }
}

export function prometheusPage({ gateway }: AdminContext, query: URLSearchParams): AdminAnswer {
  const keep = keepOf(query);
  if (typeof keep !== "function") return keep;
  return {
    status: 200,
    type: "prometheus",
    body: statsPrometheus(samplesOf(gateway, query), keep),
  };
}
