// What LangChain and the Vercel AI SDK get: node frameworks.mjs BASE_URL. Prints it as one JSON object.
import { createOpenAI } from "@ai-sdk/openai";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { embed, generateText, streamText, tool } from "ai";
import { z } from "zod";

const baseURL = process.argv[2];
const seen = {};
const langchain = (model) => new ChatOpenAI({ model, apiKey: "none", maxRetries: 0, configuration: { baseURL } });
const weather = { type: "function", function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } } };
const answer = await langchain("words").invoke("Name three colours.");
seen.langchain = [answer.content, answer.usage_metadata?.output_tokens];
seen.langchain_streamed = "";
for await (const chunk of await langchain("words").stream("Name three colours.")) seen.langchain_streamed += chunk.content;
seen.langchain_tools = (await langchain("tools").bindTools([weather]).invoke("Weather?")).tool_calls.map((call) => [call.name, call.args]);
seen.langchain_embedded = await new OpenAIEmbeddings({ model: "embeddings", apiKey: "none", configuration: { baseURL } }).embedQuery("a");

const openai = createOpenAI({ baseURL, apiKey: "none" });
const text = await generateText({ model: openai.chat("words"), prompt: "Name three colours.", maxRetries: 0 });
seen.vercel = [text.text, text.finishReason, text.usage.outputTokens];
const stream = streamText({ model: openai.chat("words"), prompt: "Name three colours." });
seen.vercel_streamed = "";
for await (const piece of stream.textStream) seen.vercel_streamed += piece;
const tools = { weather: tool({ inputSchema: z.object({ city: z.string() }) }), time: tool({ inputSchema: z.object({}) }) };
const called = await generateText({ model: openai.chat("tools"), prompt: "Weather?", tools, maxRetries: 0 });
seen.vercel_tools = called.toolCalls.map((call) => [call.toolName, call.input]);
seen.vercel_embedded = (await embed({ model: openai.embedding("embeddings"), value: "a", maxRetries: 0 })).embedding;
console.log(JSON.stringify(seen));
