/** What the person at the terminal reads: a banner, then one short line for each thing worth a look. */

export interface Terminal {
  /** As it is. */
  print(text: string): void;
  /** One line with the time in front. */
  note(message: string): void;
  /** The same, as a warning. The same warning again within a while is left out. */
  warn(message: string): void;
  dim(text: string): string;
  bold(text: string): string;
}

const repeatAfterMs = 15_000;
const rememberedMax = 200;

export function openTerminal(stream: NodeJS.WriteStream = process.stdout): Terminal {
  // Whoever reads may be gone (`npm start | head`); that must not leave servers running.
  stream.on("error", () => {});
  const colored = stream.isTTY && !process.env.NO_COLOR;
  const style = (code: number) => (text: string) => (colored ? `\u001b[${code}m${text}\u001b[0m` : text);
  const [bold, dim, yellow] = [style(1), style(2), style(33)];
  const lastSaid = new Map<string, number>();
  const line = (text: string) => stream.write(`${text}\n`);
  const time = () => dim(new Date().toLocaleTimeString("en-GB"));
  return {
    print: line,
    note: (message) => line(`${time()}  ${message}`),
    warn: (message) => {
      const now = performance.now();
      if (now - (lastSaid.get(message) ?? -Infinity) < repeatAfterMs) return;
      if (lastSaid.size >= rememberedMax) lastSaid.clear();
      lastSaid.set(message, now);
      line(`${time()}  ${yellow(message)}`);
    },
    dim,
    bold,
  };
}
