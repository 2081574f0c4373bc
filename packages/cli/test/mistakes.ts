/** A mistake, what is typed, and the line that it gets. */
export interface Mistake {
  readonly mistake: string;
  /** With places such as {gateway} that the test knows. */
  readonly typed: string;
  readonly line: string;
  /** Undefined: it goes on, because waiting can mend it. */
  readonly exit: number | undefined;
}

/** Every line is compared whole; `docs/mistakes.md` is made of this table. */
export const mistakes: readonly Mistake[] = [
  {
    mistake: "Another program's word",
    typed: 'rhttp http 3000',
    line: 'Did you mean: rhttp connect 3000',
    exit: 2,
  },
  {
    mistake: 'No command at all',
    typed: 'rhttp 3000',
    line: 'Did you mean: rhttp connect 3000',
    exit: 2,
  },
  {
    mistake: 'A slip in a command',
    typed: 'rhttp gatway',
    line: "Unknown command 'gatway'. Did you mean gateway?",
    exit: 2,
  },
  {
    mistake: 'A slip in an option',
    typed: 'rhttp connect 3000 --tagret A',
    line: "Unknown option '--tagret'. Did you mean --target?",
    exit: 2,
  },
  {
    mistake: 'An option without its value',
    typed: 'rhttp connect 3000 --target',
    line: "Option '-t, --target <id>' argument missing",
    exit: 2,
  },
  {
    mistake: 'Nothing to connect',
    typed: 'rhttp connect',
    line: 'Say what to connect: a port, host:port, a URL or unix:PATH, as in: rhttp connect 3000 --target A',
    exit: 2,
  },
  {
    mistake: 'Two things to connect',
    typed: 'rhttp connect 3000 3001',
    line: "Too many arguments for 'connect'. Expected 1 argument but got 2.",
    exit: 2,
  },
  {
    mistake: 'A port that is none',
    typed: 'rhttp connect 99999 --gateway {gateway}',
    line: '99999 is not a port; ports go from 1 to 65535',
    exit: 2,
  },
  {
    mistake: 'A port that is none',
    typed: 'rhttp gateway --port 80800',
    line: "Option '--port <number>' argument '80800' is invalid. Expected a port from 0 to 65535.",
    exit: 2,
  },
  {
    mistake: 'The same in the environment',
    typed: 'RHTTP_PORT=http rhttp gateway',
    line: "RHTTP_PORT: value 'http' is invalid. Expected a port from 0 to 65535.",
    exit: 2,
  },
  {
    mistake: 'A port that is taken',
    typed: 'rhttp gateway --port {taken}',
    line: 'Port {taken} on 127.0.0.1 is taken: end what listens there, or choose another one: rhttp gateway --port 8090',
    exit: 1,
  },
  {
    mistake: "The admin listener's port is taken",
    typed: 'rhttp gateway --port 0 --admin 127.0.0.1:{taken}',
    line: 'Port {taken} on 127.0.0.1 is taken: end what listens there, or choose another one: rhttp gateway --admin 127.0.0.1:8091 (or --admin off)',
    exit: 1,
  },
  {
    mistake: 'A bad target id',
    typed: 'rhttp connect 3000 --target my_app_',
    line: "Option '-t, --target <id>' argument 'my_app_' is invalid. A target id has 1 to 63 of A-Z a-z 0-9 . _ - and begins and ends with a letter or digit.",
    exit: 2,
  },
  {
    mistake: 'An unknown transport',
    typed: 'rhttp connect 3000 --transport quic',
    line: "Option '--transport <name>' argument 'quic' is invalid. Allowed choices are auto, websocket, poll.",
    exit: 2,
  },
  {
    mistake: 'A gateway without its scheme',
    typed: 'rhttp connect 3000 --gateway gw.example.com',
    line: "Option '-g, --gateway <url>' argument 'gw.example.com' is invalid. Expected a URL such as https://gw.example.com.",
    exit: 2,
  },
  {
    mistake: 'No gateway runs',
    typed: 'RHTTP_STATE_DIR={elsewhere} rhttp connect 3000 --gateway {nobody}',
    line: 'Not connected: {nobody}/ cannot be reached: connect ECONNREFUSED 127.0.0.1:{nobodyport}. Trying again until it works.',
    exit: undefined,
  },
  {
    mistake: 'The gateway is some other web server',
    typed: 'rhttp connect 3000 --gateway {website}',
    line: 'Not connected: {website}/ is some other web server, or hides the gateway (HTTP 404): check --gateway. Trying again until it works.',
    exit: undefined,
  },
  {
    mistake: 'https for a gateway that speaks http',
    typed: 'rhttp connect 3000 --gateway https://localhost:{taken}',
    line: 'Not connected: https://localhost:{taken}/ cannot be reached: it speaks no TLS (http: in place of https:?). Trying again until it works.',
    exit: undefined,
  },
  {
    mistake: "The gateway's certificate is its own",
    typed: 'rhttp connect 3000 --gateway https://localhost:{selfsigned}',
    line: 'Not connected: https://localhost:{selfsigned}/ cannot be reached: self-signed certificate; name who signed it by --ca-file FILE. Trying again until it works.',
    exit: undefined,
  },
  {
    mistake: 'A proxy that is not there',
    typed: 'HTTPS_PROXY=http://localhost:{nobodyport} rhttp connect 3000 --gateway {remote}',
    line: 'Not connected: {remote}/ cannot be reached: the proxy http://localhost:{nobodyport} cannot be reached (ECONNREFUSED). Trying again until it works.',
    exit: undefined,
  },
  {
    mistake: 'A proxy that asks for a password',
    typed: 'HTTPS_PROXY=http://localhost:{strictproxy} rhttp connect 3000 --gateway {remote}',
    line: 'Not connected: {remote}/ cannot be reached: the proxy http://localhost:{strictproxy} asks for a name and a password (HTTP 407): put them into its URL, as in http://NAME:PASSWORD@localhost:{strictproxy}. Trying again until it works.',
    exit: undefined,
  },
  {
    mistake: 'A proxy that wants another password',
    typed: 'HTTPS_PROXY=http://me:secret@localhost:{strictproxy} rhttp connect 3000 --gateway {remote}',
    line: 'Not connected: {remote}/ cannot be reached: the proxy http://localhost:{strictproxy} does not take the name and password of its URL (HTTP 407). Trying again until it works.',
    exit: undefined,
  },
  {
    mistake: 'A proxy that lets nobody to the port',
    typed: 'HTTPS_PROXY=http://localhost:{narrowproxy} rhttp connect 3000 --gateway {remote}:8443',
    line: 'Not connected: {remote}:8443/ cannot be reached: the proxy http://localhost:{narrowproxy} refuses CONNECT to {remotehost}:8443 (HTTP 403). Trying again until it works.',
    exit: undefined,
  },
  {
    mistake: 'A SOCKS proxy',
    typed: 'HTTPS_PROXY=socks5://proxy.example.com rhttp connect 3000 --gateway {remote}',
    line: 'HTTPS_PROXY: there are no socks5: proxies here; expected something like http://proxy.example.com:3128',
    exit: 2,
  },
  {
    mistake: 'A password for everybody to read',
    typed: 'rhttp connect 3000 --gateway {remote} --proxy http://me:secret@localhost:{nobodyport}',
    line: 'Warning: everybody on this machine can read the password in --proxy (ps shows it): use RHTTP_PROXY',
    exit: undefined,
  },
  {
    mistake: 'No token',
    typed: 'RHTTP_STATE_DIR={elsewhere} rhttp connect 3000 --target A --gateway {gateway} --on-refused exit',
    line: "Refused: {gateway} asks for a token: give --token-file FILE or RHTTP_TOKEN (on the gateway's machine: rhttp token create --target 'A').",
    exit: 3,
  },
  {
    mistake: 'A wrong token',
    typed: 'RHTTP_TOKEN=secret rhttp connect 3000 --target A --gateway {gateway} --on-refused exit',
    line: 'Refused: {gateway} refused the token from RHTTP_TOKEN: The gateway does not know this token.',
    exit: 3,
  },
  {
    mistake: 'A token that was cut when it was copied',
    typed: 'rhttp connect 3000 --target A --gateway {gateway} --on-refused exit --token-file {cut}',
    line: 'Refused: {gateway} refused the token from the file {cut}: The token is mistyped or cut short: its checksum is wrong.',
    exit: 3,
  },
  {
    mistake: 'A revoked token',
    typed: 'rhttp connect 3000 --target A --gateway {gateway} --on-refused exit --token-file {revoked}',
    line: 'Refused: {gateway} refused the token from the file {revoked}: The token {id} was revoked at {time}.',
    exit: 3,
  },
  {
    mistake: 'An expired token',
    typed: 'rhttp connect 3000 --target A --gateway {gateway} --on-refused exit --token-file {expired}',
    line: 'Refused: {gateway} refused the token from the file {expired}: The token {id} expired at {time}.',
    exit: 3,
  },
  {
    mistake: 'A token for other targets',
    typed: 'rhttp connect 3000 --target A --gateway {gateway} --on-refused exit --token-file {narrow}',
    line: 'Refused: {gateway} refused the token from the file {narrow}: The token is not good for target "A".',
    exit: 3,
  },
  {
    mistake: 'A token file that is not there',
    typed: 'rhttp connect 3000 --token-file tokn',
    line: 'Token file tokn is not there',
    exit: 1,
  },
  {
    mistake: 'A token over plain HTTP',
    typed: 'RHTTP_TOKEN=secret rhttp connect 3000 --gateway http://gw.example.com',
    line: 'The token would travel in the clear to http://gw.example.com: use https, or --allow-cleartext where the network is yours',
    exit: 2,
  },
  {
    mistake: 'An admin token over plain HTTP',
    typed: 'rhttp status --admin http://gw.example.com:8081 --admin-token-file token',
    line: 'The admin token would travel in the clear to http://gw.example.com:8081: use a tunnel (ssh -L) or https, or --allow-cleartext where the network is yours',
    exit: 2,
  },
  {
    mistake: 'A token for everybody to read',
    typed: 'rhttp connect 3000 --target A --gateway {nobody} --token secret',
    line: 'Warning: everybody on this machine can read --token (ps shows it): use --token-file FILE or RHTTP_TOKEN',
    exit: undefined,
  },
  {
    mistake: 'Nothing listens on the port yet',
    typed: 'rhttp connect {silent} --target A --gateway {gateway}',
    line: 'Nothing listens on 127.0.0.1:{silent} yet; visitors get 502 origin-refused until it does.',
    exit: undefined,
  },
  {
    mistake: "The server's certificate is its own",
    typed: 'rhttp connect https://localhost:{selfsigned} --target A --gateway {gateway}',
    line: 'The certificate of https://localhost:{selfsigned} is not trusted (self-signed certificate; name its authority as origin.ca or --origin-ca); visitors get 502 origin-refused until that is mended.',
    exit: undefined,
  },
  {
    mistake: 'https for a server that speaks http',
    typed: 'rhttp connect https://localhost:{taken} --target A --gateway {gateway}',
    line: 'https://localhost:{taken} speaks no TLS (http: in place of https:?); visitors get 502 origin-refused until that is mended.',
    exit: undefined,
  },
  {
    mistake: 'A broken configuration file',
    typed: 'rhttp gateway --config broken.yaml',
    line: 'broken.yaml:2:11: Nested mappings are not allowed in compact mappings',
    exit: 1,
  },
  {
    mistake: 'A slip in the configuration file',
    typed: 'rhttp config check slip.yaml',
    line: 'slip.yaml:3:5: listeners[0].prot: there is no such option; did you mean "port"?',
    exit: 1,
  },
  {
    mistake: 'A configuration file that is not there',
    typed: 'rhttp gateway --config rhttp.yml',
    line: 'rhttp.yml: there is no such file',
    exit: 1,
  },
  {
    mistake: 'Everybody let in by a word that means nothing',
    typed: 'rhttp gateway --auth off',
    line: "Option '--auth <none>' argument 'off' is invalid. The only value is none, which lets everybody connect; without --auth, tokens are asked for.",
    exit: 2,
  },
  {
    mistake: 'Status without a gateway',
    typed: 'RHTTP_STATE_DIR={elsewhere} rhttp status',
    line: 'No gateway runs on this machine ({elsewhere}/gateway.json): start one with rhttp gateway, or name one by --admin URL --admin-token-file FILE',
    exit: 1,
  },
  {
    mistake: 'A target that nobody serves',
    typed: 'rhttp kick camera-7',
    line: 'No target "camera-7" is connected.',
    exit: 1,
  },
  {
    mistake: 'Neither target nor session',
    typed: 'rhttp kick',
    line: 'Name a target or a session: rhttp kick TARGET, or rhttp kick --session ID',
    exit: 2,
  },
  {
    mistake: 'A token that is not there',
    typed: 'rhttp token revoke 123',
    line: 'There is no token 123: rhttp token list names them',
    exit: 1,
  },
  {
    mistake: 'A token for no time',
    typed: 'rhttp token create --expires soon',
    line: "Option '--expires <time>' argument 'soon' is invalid. Expected a time such as 15s, 5m or 90d.",
    exit: 2,
  },
  {
    mistake: 'A rotation without an overlap',
    typed: 'rhttp token rotate 123',
    line: 'Say how long the old token goes on working: rhttp token rotate 123 --overlap 30d',
    exit: 2,
  },
  {
    mistake: 'What comes later',
    typed: 'rhttp doctor --gateway https://gw.example.com',
    line: 'rhttp doctor comes later: rhttp connect says in one line what is wrong, and tries again',
    exit: 2,
  },
  {
    mistake: 'What comes later',
    typed: 'rhttp service install',
    line: 'rhttp service comes later: until then let systemd or another supervisor run rhttp connect',
    exit: 2,
  },
  {
    mistake: 'What comes later',
    typed: 'rhttp connect 3000 --print-systemd',
    line: '--print-systemd comes later',
    exit: 2,
  },
  {
    mistake: 'What comes later',
    typed: 'rhttp connect 3000 --pin sha256/x',
    line: '--pin comes later: until then --ca-file FILE says whom to trust',
    exit: 2,
  },
];
