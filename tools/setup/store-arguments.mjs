// @ts-check

/**
 * The arguments of `backpack` for `npm start`: `serve ./data` on the local machine, port 10001, except where the
 * user's own arguments say otherwise. A first argument that is no option names the directory.
 *
 * @param {readonly string[]} given
 * @returns {string[]}
 */
export function storeArguments(given) {
  const [first] = given
  const namesDirectory = first !== undefined && !first.startsWith('-')
  const directory = namesDirectory ? first : './data'
  const options = namesDirectory ? given.slice(1) : given
  const defaults = [
    ['--host', '127.0.0.1'],
    ['--port', '10001'],
  ]
  const missing = defaults.filter(
    ([name]) => !options.some((each) => each === name || each.startsWith(`${name}=`)),
  )
  return ['serve', directory, ...missing.flat(), ...options]
}
