/** What each reason means and what to do about it, in Russian and English. */

export type DiagnosisReason =
  | "ok"
  | "device-offline"
  | "signed-out-missing"
  | "signed-out-expired"
  | "signed-out-revoked"
  | "token-malformed"
  | "token-foreign-key"
  | "url-malformed"
  | "insecure-url-on-secure-page"
  | "url-path-missing-ws"
  | "url-bypasses-proxy"
  | "page-server-down"
  | "backend-down"
  | "backend-unhealthy"
  | "backend-is-another-program"
  | "host-refused"
  | "proxy-does-not-upgrade"
  | "origin-refused"
  | "server-draining"
  | "rate-limited"
  | "refused"
  | "network"
  | "unknown";

export type Language = "ru" | "en";

export interface DiagnosisText {
  readonly title: string;
  readonly explanation: string;
  readonly remedy: string;
  /** Where the documentation explains it: the page "connection-lost" and the anchor of the reason. */
  readonly docs: string;
}

type Words = readonly [title: string, explanation: string, remedy: string];

const EN: Readonly<Record<DiagnosisReason, Words>> = {
  ok: [
    "The way is free",
    "Every check succeeded; the connection should come back within seconds.",
    "Press “Retry now” if you do not want to wait.",
  ],
  "device-offline": [
    "No network",
    "This device is not connected to a network.",
    "Check Wi-Fi or mobile data. What you write is kept and sent later.",
  ],
  "signed-out-missing": [
    "Not signed in",
    "There is no sign-in on this device.",
    "Sign in. What you wrote is kept.",
  ],
  "signed-out-expired": [
    "The sign-in has expired",
    "It was not used for a long time, so it is no longer valid.",
    "Sign in again. What you wrote is kept.",
  ],
  "signed-out-revoked": [
    "You were signed out",
    "The sign-in was withdrawn: signed out on another device, a new password, or a blocked account.",
    "Sign in again. What you wrote is kept.",
  ],
  "token-malformed": [
    "The stored sign-in is damaged",
    'localStorage["auth_token"] holds something that is not a token.',
    "Sign in again.",
  ],
  "token-foreign-key": [
    "The connection token is refused",
    "The sign-in is good, but the process that holds the socket does not accept the token that the site issues.",
    "Give all processes the same SECRET_KEY (or TOKEN_SECRET) and restart them.",
  ],
  "url-malformed": [
    "The socket's address is malformed",
    "VITE_WEBSOCKET_URL cannot be used; the address was guessed from the page.",
    "Write VITE_WEBSOCKET_URL like ws://localhost:8080/ws (frontend/.env.development) or wss://yourdomain.com/ws (frontend/.env.production), and restart Vite or build again.",
  ],
  "insecure-url-on-secure-page": [
    "An insecure address on a secure page",
    "The page came over https, so the browser refuses a ws:// address.",
    "Change VITE_WEBSOCKET_URL to wss:// and build again.",
  ],
  "url-path-missing-ws": [
    "The address lacks /ws",
    "The server answers, but not at the path of this address.",
    "Let VITE_WEBSOCKET_URL end in /ws.",
  ],
  "url-bypasses-proxy": [
    "The address bypasses the proxy",
    "The socket goes to another port than the page, past the proxy, where it is refused or nobody listens.",
    "In development set VITE_WEBSOCKET_URL=ws://localhost:8080/ws, the port of the page, and restart Vite.",
  ],
  "page-server-down": [
    "The page's server does not answer",
    "The development server (Vite) that served this page has stopped.",
    "Start it: cd frontend && npm run dev",
  ],
  "backend-down": [
    "The server does not answer",
    "The page's server is up, but the backend behind it is not.",
    "It is tried again by itself. If you run the site: cd backend && python manage.py runserver 8000",
  ],
  "backend-unhealthy": [
    "The server has a problem",
    "The backend answers with an error.",
    "It is tried again by itself. If you run the site: look at its log, and run python manage.py doctor",
  ],
  "backend-is-another-program": [
    "Something else answers",
    "Requests to /api do not reach the backend: another program, or the page's own server, answers them.",
    "Check which program listens on port 8000, and that the proxy passes /api and /ws on.",
  ],
  "host-refused": [
    "The server does not know this host name",
    "The backend refuses the name in the address bar.",
    "Add it to ALLOWED_HOSTS and restart Django, or open the page under the usual name.",
  ],
  "proxy-does-not-upgrade": [
    "The proxy does not pass WebSocket on",
    "Requests reach the backend, but the upgrade to a WebSocket does not.",
    "Vite: a proxy entry for /ws with ws: true. nginx: proxy_http_version 1.1 and the Upgrade and Connection headers. Then check ALLOWED_ORIGINS.",
  ],
  "origin-refused": [
    "This origin is not allowed",
    "The server answers, but most likely refuses sockets from pages of this address.",
    "Add the page's origin to ALLOWED_ORIGINS and restart, or open the page under the usual address.",
  ],
  "server-draining": [
    "The server is being restarted",
    "It asked its clients to come back in a moment.",
    "Nothing to do: the connection comes back by itself.",
  ],
  "rate-limited": [
    "Too many requests",
    "The server asks this client to slow down.",
    "Wait a little: the connection comes back by itself.",
  ],
  refused: [
    "The server closed the connection",
    "It said that this client should not come back by itself; the details hold its reason.",
    "Reload the page or press “Retry now”. If it repeats, tell the administrator the code from the details.",
  ],
  network: [
    "No connection to the site",
    "The site cannot be reached from this device.",
    "Check the network. It is tried again by itself; what you write is kept and sent later.",
  ],
  unknown: [
    "Connection lost",
    "The reason could not be found.",
    "It is tried again by itself. If you run the site: python manage.py doctor",
  ],
};

const RU: Readonly<Record<DiagnosisReason, Words>> = {
  ok: [
    "Путь свободен",
    "Все проверки прошли, связь должна вернуться через несколько секунд.",
    "Нажмите «Повторить сейчас», если не хотите ждать.",
  ],
  "device-offline": [
    "Нет сети",
    "Устройство не подключено к сети.",
    "Проверьте Wi-Fi или мобильный интернет. Написанное сохранится и отправится позже.",
  ],
  "signed-out-missing": [
    "Вход не выполнен",
    "На этом устройстве никто не вошёл.",
    "Войдите. Написанное сохранится.",
  ],
  "signed-out-expired": [
    "Срок входа истёк",
    "Им долго не пользовались, и он больше не действует.",
    "Войдите ещё раз. Написанное сохранится.",
  ],
  "signed-out-revoked": [
    "Вы вышли из системы",
    "Вход отозван: выход на другом устройстве, новый пароль или блокировка.",
    "Войдите ещё раз. Написанное сохранится.",
  ],
  "token-malformed": [
    "Сохранённый вход повреждён",
    'В localStorage["auth_token"] лежит не токен.',
    "Войдите ещё раз.",
  ],
  "token-foreign-key": [
    "Токен соединения не принят",
    "Вход действует, но процесс, который держит сокет, не принимает токен, выданный сайтом.",
    "Задайте всем процессам один SECRET_KEY (или TOKEN_SECRET) и перезапустите их.",
  ],
  "url-malformed": [
    "Адрес сокета записан неверно",
    "VITE_WEBSOCKET_URL нельзя использовать; адрес взят из адреса страницы.",
    "Запишите VITE_WEBSOCKET_URL как ws://localhost:8080/ws (frontend/.env.development) или wss://yourdomain.com/ws (frontend/.env.production) и перезапустите Vite или соберите заново.",
  ],
  "insecure-url-on-secure-page": [
    "Незащищённый адрес на защищённой странице",
    "Страница открыта по https, и браузер не разрешает адрес ws://.",
    "Замените в VITE_WEBSOCKET_URL ws:// на wss:// и соберите заново.",
  ],
  "url-path-missing-ws": [
    "В адресе нет /ws",
    "Сервер отвечает, но не по этому пути.",
    "Адрес VITE_WEBSOCKET_URL должен заканчиваться на /ws.",
  ],
  "url-bypasses-proxy": [
    "Адрес ведёт мимо прокси",
    "Сокет идёт на другой порт, чем страница, мимо прокси: там его не принимают или никто не слушает.",
    "При разработке задайте VITE_WEBSOCKET_URL=ws://localhost:8080/ws — порт страницы — и перезапустите Vite.",
  ],
  "page-server-down": [
    "Сервер страницы не отвечает",
    "Сервер разработки (Vite), отдавший эту страницу, остановлен.",
    "Запустите его: cd frontend && npm run dev",
  ],
  "backend-down": [
    "Сервер не отвечает",
    "Сервер страницы работает, но бэкенд за ним — нет.",
    "Попытки повторяются сами. Если сайт запускаете вы: cd backend && python manage.py runserver 8000",
  ],
  "backend-unhealthy": [
    "На сервере неполадка",
    "Бэкенд отвечает ошибкой.",
    "Попытки повторяются сами. Если сайт запускаете вы: посмотрите его журнал и выполните python manage.py doctor",
  ],
  "backend-is-another-program": [
    "Отвечает кто-то другой",
    "Запросы к /api не доходят до бэкенда: на них отвечает другая программа или сам сервер страницы.",
    "Проверьте, какая программа слушает порт 8000 и передаёт ли прокси /api и /ws дальше.",
  ],
  "host-refused": [
    "Сервер не знает этого имени",
    "Бэкенд не принимает имя из адресной строки.",
    "Добавьте его в ALLOWED_HOSTS и перезапустите Django или откройте страницу под обычным именем.",
  ],
  "proxy-does-not-upgrade": [
    "Прокси не пропускает WebSocket",
    "Запросы доходят до бэкенда, а переход на WebSocket — нет.",
    "Vite: запись прокси для /ws с ws: true. nginx: proxy_http_version 1.1 и заголовки Upgrade и Connection. Затем проверьте ALLOWED_ORIGINS.",
  ],
  "origin-refused": [
    "Этот адрес не разрешён",
    "Сервер отвечает, но, скорее всего, не принимает сокеты со страниц этого адреса.",
    "Добавьте адрес страницы в ALLOWED_ORIGINS и перезапустите сервер или откройте страницу по обычному адресу.",
  ],
  "server-draining": [
    "Сервер перезапускается",
    "Он попросил подключиться снова через мгновение.",
    "Ничего делать не нужно: связь вернётся сама.",
  ],
  "rate-limited": [
    "Слишком много запросов",
    "Сервер просит подождать.",
    "Подождите немного: связь вернётся сама.",
  ],
  refused: [
    "Сервер закрыл соединение",
    "Он сообщил, что возвращаться самому не нужно; причина — в подробностях.",
    "Обновите страницу или нажмите «Повторить сейчас». Если повторяется, сообщите администратору код из подробностей.",
  ],
  network: [
    "Нет связи с сайтом",
    "С этого устройства сайт недоступен.",
    "Проверьте сеть. Попытки повторяются сами; написанное сохранится и отправится позже.",
  ],
  unknown: [
    "Связь потеряна",
    "Причину найти не удалось.",
    "Попытки повторяются сами. Если сайт запускаете вы: python manage.py doctor",
  ],
};

const CATALOGUES: Readonly<Record<Language, Readonly<Record<DiagnosisReason, Words>>>> = { ru: RU, en: EN };

/** All reasons that `diagnose` can give. */
export const DIAGNOSIS_REASONS = Object.keys(EN) as readonly DiagnosisReason[];

/** The words for a reason; `docs` is `connection-lost#<reason>`. */
export function diagnosisText(reason: DiagnosisReason, language: Language): DiagnosisText {
  const [title, explanation, remedy] = CATALOGUES[language][reason];
  return { title, explanation, remedy, docs: `connection-lost#${reason}` };
}
