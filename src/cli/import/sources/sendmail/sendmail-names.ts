/**
 * What becomes of each name that a sendmail.mc can use, for sendmail 8.17 (its cf/README and cf/feature): whether an import
 * carries it over, remarks on it, or passes over it as it is irrelevant to who may send and who is refused. A name that stands in none of the
 * tables is remarked on, never passed over.
 */

import type { RemarkCode } from '../../remark';

interface Report {
  readonly remark: RemarkCode;
  readonly detail?: string;
}

/** `carried`: the readers turn it into entries, settings, features or references, or into remarks by its arguments. */
export type Outcome = 'carried' | 'irrelevant' | Report;

type Outcomes = ReadonlyMap<string, Outcome>;

function outcomes(carried: string, irrelevant: string, reported: Readonly<Record<string, Report>>): Outcomes {
  const words = (text: string, outcome: Outcome) =>
    text
      .trim()
      .split(/\s+/)
      .map((name) => [name, outcome] as const);
  return new Map([...words(carried, 'carried'), ...words(irrelevant, 'irrelevant'), ...Object.entries(reported)]);
}

const plugin = (detail: string): Report => ({ remark: 'other-plugin', detail });
const limit = (detail: string): Report => ({ remark: 'server-limit', detail });

/** Arguments of FEATURE. */
export const features = outcomes(
  `access_db blacklist_recipients blocklist_recipients delay_checks lookupdotdomain mailertable relay_hosts_only
   use_cw_file`,
  // Two of them take a check of sendmail's away; refusals by an unconfirmed name (use_client_ptr) are made here in any case.
  `accept_unqualified_senders accept_unresolvable_domains use_client_ptr
   allmasquerade always_add_domain authinfo bcc check_cert_altnames generics_entire_domain genericstable
   limited_masquerade local_lmtp local_no_masquerade local_procmail masquerade_entire_domain masquerade_envelope
   no_default_msa nocanonify nopercenthack notsticky nouucp preserve_local_plus_detail preserve_luser_host queuegroup
   redirect smrsh stickyhost sts tls_failures tls_session_features use_ct_file`,
  {
    badmx: plugin('mail_from.is_resolvable'),
    bestmx_is_local: { remark: 'best-mx-local' },
    bitdomain: { remark: 'domain-rewriting' },
    block_bad_helo: plugin('helo.checks'),
    check_other: plugin('early_talker, and helo.checks'),
    compat_check: plugin('access, with senders and recipients in one list each'),
    conncontrol: plugin('limit'),
    dnsbl: plugin('dns-list'),
    domainmap: { remark: 'domain-rewriting' },
    domaintable: { remark: 'domain-rewriting' },
    drac: { remark: 'pop-before-smtp' },
    enhdnsbl: plugin('dns-list'),
    greet_pause: plugin('early_talker'),
    ldap_routing: { remark: 'ldap-routing' },
    loose_relay_check: { remark: 'loose-relay-check' },
    msp: { remark: 'submission-only' },
    mtamark: plugin('dns-list'),
    nullclient: { remark: 'smart-host' },
    prefixmod: { remark: 'own-rulesets' },
    promiscuous_relay: { remark: 'promiscuous-relay' },
    ratecontrol: plugin('limit'),
    relay_based_on_MX: { remark: 'relay-by-mx' },
    relay_entire_domain: { remark: 'relay-entire-domain' },
    relay_local_from: { remark: 'relay-by-sender' },
    relay_mail_from: { remark: 'relay-by-sender' },
    require_rdns: plugin('fcrdns'),
    rhsbl: plugin('dns-list'),
    uucpdomain: { remark: 'domain-rewriting' },
    virtuser_entire_domain: { remark: 'virtual-subdomains' },
    virtusertable: { remark: 'virtual-users' },
    vnet: { remark: 'own-rulesets' },
  },
);

const smtpMailerArguments: Report = { remark: 'mailer-arguments' };
const smartHost: Report = { remark: 'smart-host' };
const replyText: Report = { remark: 'reply-text' };
const auth: Report = { remark: 'auth-setting' };

/** Variables set by `define`. */
export const defines = outcomes(
  'confCR_FILE confCW_FILE confDELIVERY_MODE confDOMAIN_NAME confINPUT_MAIL_FILTERS confPRIVACY_FLAGS',
  // Names, files, the queue, delivery, notifications, time-outs, rights, TLS and what filters and look-ups need besides.
  `confALIAS_WAIT confALLOW_BOGUS_HELO confBIND_OPTS confBLANK_SUB confCACERT confCACERT_PATH confCONNECTION_RATE_WINDOW_SIZE
   confCERT_FINGERPRINT_ALGORITHM confCF_VERSION confCHECKPOINT_INTERVAL confCHECK_ALIASES confCIPHER_LIST
   confCLIENT_CERT confCLIENT_KEY confCLIENT_SSL_OPTIONS confCOLON_OK_IN_ADDR confCONTROL_SOCKET_NAME
   confCON_EXPENSIVE confCOPY_ERRORS_TO confCRL confCRL_PATH confCT_FILE confDANE confDEAD_LETTER_DROP
   confDEF_AUTH_INFO confDEF_CHAR_SET confDEF_USER_ID confDELIVER_BY_MIN confDEQUOTE_OPTS confDF_BUFFER_SIZE
   confDH_PARAMETERS confDIAL_DELAY confDIRECT_SUBMISSION_MODIFIERS confDONT_BLAME_SENDMAIL confDONT_EXPAND_CNAMES
   confDONT_INIT_GROUPS confDONT_PROBE_INTERFACES confDONT_PRUNE_ROUTES confDOUBLE_BOUNCE_ADDRESS
   confEIGHT_BIT_HANDLING confERROR_MESSAGE confERROR_MODE confFAST_SPLIT confFORWARD_PATH confFROM_HEADER
   confFROM_LINE confHELO_NAME confHOSTS_FILE confHOST_STATUS_DIRECTORY confIGNORE_DOTS confLDAP_CLUSTER
   confLDAP_DEFAULT_SPEC confLOCAL_MAILER confLOG_LEVEL confMAILBOX_DATABASE confMAILER_NAME confMATCH_GECOS
   confMAX_ALIAS_RECURSION confMAX_QUEUE_AGE confMAX_QUEUE_CHILDREN confMAX_QUEUE_RUN_SIZE
   confMAX_RUNNERS_PER_QUEUE confMCI_CACHE_SIZE confMCI_CACHE_TIMEOUT confMESSAGEID_HEADER confME_TOO
   confMILTER_LOG_LEVEL confMILTER_MACROS_CONNECT confMILTER_MACROS_DATA confMILTER_MACROS_ENVFROM
   confMILTER_MACROS_ENVRCPT confMILTER_MACROS_EOH confMILTER_MACROS_EOM confMILTER_MACROS_HELO
   confMIME_FORMAT_ERRORS confMIN_QUEUE_AGE confMUST_QUOTE_CHARS confNICE_QUEUE_RUN confNO_RCPT_ACTION
   confOLD_STYLE_HEADERS confOPERATORS confPID_FILE confPROCESS_TITLE_PREFIX confQUEUE_FACTOR confQUEUE_FILE_MODE
   confQUEUE_LA confQUEUE_SORT_ORDER confRAND_FILE confRECEIVED_HEADER confREJECT_LOG_INTERVAL confRELAY_MAILER
   confREQUIRES_DIR_FSYNC confRRT_IMPLIES_DSN confRUN_AS_USER confSAFE_FILE_ENV confSAFE_QUEUE confSAVE_FROM_LINES
   confSEPARATE_PROC confSERVER_CERT confSERVER_KEY confSERVER_SSL_OPTIONS confSERVICE_SWITCH_FILE
   confSEVEN_BIT_INPUT confSHARED_MEMORY_KEY confSHARED_MEMORY_KEY_FILE confSINGLE_LINE_FROM_HEADER
   confSINGLE_THREAD_DELIVERY confSMTP_MAILER confSOFT_BOUNCE confSSL_ENGINE confSSL_ENGINE_PATH confTEMP_FILE_MODE
   confTIME_ZONE confTLS_FALLBACK_TO_CLEAR confTLS_SRV_OPTIONS confTO_ACONNECT confTO_AUTH confTO_COMMAND
   confTO_CONNECT confTO_CONTROL confTO_DATABLOCK confTO_DATAFINAL confTO_DATAINIT confTO_FILEOPEN confTO_HELO
   confTO_HOSTSTATUS confTO_ICONNECT confTO_IDENT confTO_INITIAL confTO_LHLO confTO_MAIL confTO_MISC
   confTO_QUEUERETURN confTO_QUEUERETURN_DSN confTO_QUEUERETURN_NONURGENT confTO_QUEUERETURN_NORMAL
   confTO_QUEUERETURN_URGENT confTO_QUEUEWARN confTO_QUEUEWARN_DSN confTO_QUEUEWARN_NONURGENT
   confTO_QUEUEWARN_NORMAL confTO_QUEUEWARN_URGENT confTO_QUIT confTO_RCPT confTO_RESOLVER_RETRANS
   confTO_RESOLVER_RETRANS_FIRST confTO_RESOLVER_RETRANS_NORMAL confTO_RESOLVER_RETRY confTO_RESOLVER_RETRY_FIRST
   confTO_RESOLVER_RETRY_NORMAL confTO_RSET confTO_STARTTLS confTRUSTED_USER confTRUSTED_USERS confTRY_NULL_MX_LIST
   confUNSAFE_GROUP_WRITES confUSERDB_SPEC confUSE_COMPRESSED_IPV6_ADDRESSES confUSE_ERRORS_TO confUSE_MSP
   confUUCP_MAILER confWORK_CLASS_FACTOR confWORK_RECIPIENT_FACTOR confWORK_TIME_FACTOR confXF_BUFFER_SIZE
   ALIAS_FILE DATABASE_MAP_TYPE DNSBL_MAP DNSBL_MAP_OPT EDNSBL_TO HELP_FILE MAIL_SETTINGS_DIR MSP_QUEUE_DIR QUEUE_DIR
   STATUS_FILE LOCAL_PROG_QGRP LOCAL_SHELL_ARGS LOCAL_SHELL_DIR LOCAL_SHELL_FLAGS LOCAL_SHELL_PATH
   _USE_ETC_MAIL_ _USE_DECNET_SYNTAX_ __OSTYPE__
   CYRUSV2_MAILER_ARGS CYRUSV2_MAILER_CHARSET CYRUSV2_MAILER_FLAGS CYRUSV2_MAILER_MAXMSGS CYRUSV2_MAILER_MAXRCPTS
   CYRUSV2_MAILER_QGRP CYRUS_BB_MAILER_ARGS CYRUS_BB_MAILER_FLAGS CYRUS_MAILER_ARGS CYRUS_MAILER_FLAGS
   CYRUS_MAILER_MAX CYRUS_MAILER_PATH CYRUS_MAILER_QGRP CYRUS_MAILER_USER DSMTP_MAILER_QGRP ESMTP_MAILER_QGRP
   FAX_MAILER_ARGS FAX_MAILER_MAX FAX_MAILER_PATH LOCAL_MAILER_ARGS LOCAL_MAILER_CHARSET
   LOCAL_MAILER_DSN_DIAGNOSTIC_CODE LOCAL_MAILER_EOL LOCAL_MAILER_FLAGS LOCAL_MAILER_MAX LOCAL_MAILER_MAXMSGS
   LOCAL_MAILER_PATH LOCAL_MAILER_QGRP MAIL11_MAILER_ARGS MAIL11_MAILER_FLAGS MAIL11_MAILER_PATH MAIL11_MAILER_QGRP
   PH_MAILER_ARGS PH_MAILER_FLAGS PH_MAILER_PATH PH_MAILER_QGRP POP_MAILER_ARGS POP_MAILER_FLAGS POP_MAILER_PATH
   POP_MAILER_QGRP PROCMAIL_MAILER_ARGS PROCMAIL_MAILER_FLAGS PROCMAIL_MAILER_MAX PROCMAIL_MAILER_PATH
   PROCMAIL_MAILER_QGRP QPAGE_MAILER_ARGS QPAGE_MAILER_FLAGS QPAGE_MAILER_MAX QPAGE_MAILER_PATH QPAGE_MAILER_QGRP
   RELAY_MAILER_CHARSET RELAY_MAILER_FLAGS RELAY_MAILER_LL RELAY_MAILER_MAXMSGS RELAY_MAILER_QGRP
   SMTP8_MAILER_QGRP SMTP_MAILER_CHARSET SMTP_MAILER_FLAGS SMTP_MAILER_LL SMTP_MAILER_MAX SMTP_MAILER_MAXMSGS
   SMTP_MAILER_MAXRCPTS SMTP_MAILER_QGRP USENET_MAILER_ARGS USENET_MAILER_FLAGS USENET_MAILER_MAX
   USENET_MAILER_PATH USENET_MAILER_QGRP UUCP_MAILER_ARGS UUCP_MAILER_CHARSET UUCP_MAILER_FLAGS UUCP_MAILER_MAX
   UUCP_MAILER_PATH UUCP_MAILER_QGRP`,
  {
    confAUTH_MAX_BITS: auth,
    confAUTH_MECHANISMS: auth,
    confAUTH_OPTIONS: auth,
    confAUTH_REALM: auth,
    confBAD_RCPT_THROTTLE: limit('the plugin limit, [recipients]'),
    confCONNECTION_RATE_THROTTLE: limit('the plugin limit, [rate_conn]'),
    confCONNECT_ONLY_TO: smartHost,
    confDELAY_LA: limit('nothing that counts the load'),
    confFALLBACK_MX: smartHost,
    confFALLBACK_SMARTHOST: smartHost,
    confMAX_DAEMON_CHILDREN: limit('the plugin limit, [concurrency]'),
    confMAX_HEADERS_LENGTH: limit('connection.ini, [headers]'),
    confMAX_HOP: limit('connection.ini, [headers] max_received'),
    confMAX_MESSAGE_SIZE: limit('connection.ini, [max] bytes, or databytes'),
    confMAX_MIME_HEADER_LENGTH: limit('nothing'),
    confMAX_NOOP_COMMANDS: limit('the plugin limit, [unrecognized_commands]'),
    confMAX_RCPTS_PER_MESSAGE: limit('the plugin limit, [recipients]'),
    confMIN_FREE_BLOCKS: limit('nothing that looks at the disk'),
    confREFUSE_LA: limit('nothing that counts the load'),
    confREJECT_MSG: replyText,
    confRELAY_MSG: replyText,
    confSMTP_LOGIN_MSG: replyText,
    BITNET_RELAY: smartHost,
    DECNET_RELAY: smartHost,
    DSMTP_MAILER_ARGS: smtpMailerArguments,
    ESMTP_MAILER_ARGS: smtpMailerArguments,
    FAX_RELAY: smartHost,
    LOCAL_RELAY: smartHost,
    LUSER_RELAY: smartHost,
    MAIL_HUB: smartHost,
    RELAY_MAILER_ARGS: smtpMailerArguments,
    SMART_HOST: smartHost,
    SMTP8_MAILER_ARGS: smtpMailerArguments,
    SMTP_MAILER_ARGS: smtpMailerArguments,
    UUCP_RELAY: smartHost,
  },
);

/** Macros that are called, and words that begin a section. */
export const macros = outcomes(
  `FEATURE define DAEMON_OPTIONS DOMAIN LOCAL_CONFIG LOCAL_DOMAIN LOCAL_DOMAIN_FILE RELAY_DOMAIN RELAY_DOMAIN_FILE
   VIRTUSER_DOMAIN VIRTUSER_DOMAIN_FILE LOCAL_NET_CONFIG LOCAL_RULESETS LOCAL_RULE_0 LOCAL_RULE_1 LOCAL_RULE_2
   LOCAL_RULE_3 LOCAL_TLS_CLIENT LOCAL_TLS_RCPT LOCAL_TLS_SERVER LOCAL_DNSBL LOCAL_SRV_FEATURES LOCAL_UUCP include sinclude`,
  // Which mailers there are and what a message looks like that leaves; how sendmail itself talks TLS; m4's own macros.
  `CANONIFY_DOMAIN CANONIFY_DOMAIN_FILE CLIENT_OPTIONS EXPOSED_USER EXPOSED_USER_FILE GENERICS_DOMAIN
   GENERICS_DOMAIN_FILE LOCAL_CLT_FEATURES LOCAL_TRY_TLS LOCAL_USER LOCAL_USER_FILE MAILER
   MAILER_DEFINITIONS MASQUERADE_AS MASQUERADE_DOMAIN MASQUERADE_DOMAIN_FILE MASQUERADE_EXCEPTION
   MASQUERADE_EXCEPTION_FILE MODIFY_MAILER_FLAGS OSTYPE QUEUE_GROUP SITE SITECONFIG UUCPSMTP VERSIONID
   changecom changequote defn divert dnl dumpdef errprint eval format incr index len maketemp popdef pushdef
   shift substr traceoff traceon translit undefine undivert ALIAS_FILE DATABASE_MAP_TYPE`,
  {
    HACK: { remark: 'own-rulesets' },
    INPUT_MAIL_FILTER: { remark: 'mail-filter' },
    LDAPROUTE_DOMAIN: { remark: 'ldap-routing' },
    LDAPROUTE_DOMAIN_FILE: { remark: 'ldap-routing' },
    LDAPROUTE_EQUIVALENT: { remark: 'ldap-routing' },
    LDAPROUTE_EQUIVALENT_FILE: { remark: 'ldap-routing' },
    MAIL_FILTER: { remark: 'mail-filter' },
    TRUST_AUTH_MECH: { remark: 'trusted-auth' },
    builtin: { remark: 'mc-code' },
    esyscmd: { remark: 'mc-code' },
    ifdef: { remark: 'mc-condition' },
    ifelse: { remark: 'mc-condition' },
    indir: { remark: 'mc-code' },
    syscmd: { remark: 'mc-code' },
  },
);

/** Options of a sendmail.cf, by the variables that set them. */
export const variablesOfOptions: ReadonlyMap<string, string> = new Map(
  Object.entries({
    AuthMaxBits: 'confAUTH_MAX_BITS',
    AuthMechanisms: 'confAUTH_MECHANISMS',
    AuthOptions: 'confAUTH_OPTIONS',
    AuthRealm: 'confAUTH_REALM',
    BadRcptThrottle: 'confBAD_RCPT_THROTTLE',
    ConnectOnlyTo: 'confCONNECT_ONLY_TO',
    ConnectionRateThrottle: 'confCONNECTION_RATE_THROTTLE',
    DelayLA: 'confDELAY_LA',
    FallbackMXhost: 'confFALLBACK_MX',
    FallbackSmartHost: 'confFALLBACK_SMARTHOST',
    MaxDaemonChildren: 'confMAX_DAEMON_CHILDREN',
    MaxHeadersLength: 'confMAX_HEADERS_LENGTH',
    MaxHopCount: 'confMAX_HOP',
    MaxMessageSize: 'confMAX_MESSAGE_SIZE',
    MaxMimeHeaderLength: 'confMAX_MIME_HEADER_LENGTH',
    MaxNOOPCommands: 'confMAX_NOOP_COMMANDS',
    MaxRecipientsPerMessage: 'confMAX_RCPTS_PER_MESSAGE',
    MinFreeBlocks: 'confMIN_FREE_BLOCKS',
    RefuseLA: 'confREFUSE_LA',
  }).map(([option, variable]) => [option.toLowerCase(), variable]),
);
