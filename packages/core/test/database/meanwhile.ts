/** What ends only when what was put off on a device goes on. */
export async function meanwhile<T>(device: { tick(): void }, work: Promise<T>): Promise<T> {
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    device.tick();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return await done;
}
