<#-- The frame of every page: Keycloak's own, without what Fosse does not use, and with a label for the name that is
     shown again. Macros and ids are those that its forms expect. -->
<#macro registrationLayout bodyClass="" displayInfo=false displayMessage=true displayRequiredFields=false>
<!DOCTYPE html>
<html lang="en-GB">
<head>
  <meta charset="utf-8">
  <title>${title!"Fosse"}</title>
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="theme-color" content="#0a3f4a">
  <meta name="robots" content="noindex, nofollow">
  <link rel="icon" href="${url.resourcesPath}/img/mark.svg" type="image/svg+xml">
  <#list properties.styles?split(' ') as style>
  <link rel="stylesheet" href="${url.resourcesPath}/${style}">
  </#list>
  <#if scripts??>
  <#list scripts as script>
  <script src="${script}"></script>
  </#list>
  </#if>
  <script type="module" src="${url.resourcesPath}/js/passwordVisibility.js"></script>
  <script type="module">
    <#outputformat "JavaScript">
    import { startSessionPolling } from ${(url.resourcesPath + "/js/authChecker.js")?c};
    startSessionPolling(${url.ssoLoginInOtherTabsUrl?c});
    </#outputformat>
  </script>
  <#if authenticationSession??>
  <script type="module">
    <#outputformat "JavaScript">
    import { checkAuthSession } from ${(url.resourcesPath + "/js/authChecker.js")?c};
    checkAuthSession(${authenticationSession.authSessionIdHash?c});
    </#outputformat>
  </script>
  </#if>
</head>
<body data-page-id="login-${pageId}">
  <a class="fosse-skip" href="#maincontent">${msg("fosseSkip")}</a>
  <header class="fosse-header">
    <div class="fosse-width"><img src="${url.resourcesPath}/img/mark.svg" alt="" width="44" height="44"><span class="fosse-name">${realm.displayName!"Fosse"}</span></div>
    <div class="fosse-road"></div>
  </header>
  <main class="fosse-width" id="maincontent">
    <h1 id="kc-page-title"><#nested "header"></h1>
    <#if auth?has_content && auth.showUsername() && !auth.showResetCredentials()>
      <#nested "show-username">
      <p class="fosse-who">${msg("fosseWho")} <strong id="kc-attempted-username">${auth.attemptedUsername}</strong> <a id="reset-login" href="${url.loginRestartFlowUrl}">${msg("restartLoginTooltip")}</a></p>
    </#if>
    <#-- What somebody chose to do themselves is not announced as something that they must. -->
    <#if displayMessage && message?has_content && (message.type != 'warning' || !isAppInitiatedAction??)>
      <div class="fosse-message fosse-${message.type}" role="<#if message.type = 'error'>alert<#else>status</#if>"><p class="kc-feedback-text">${message.summary}</p></div>
    </#if>
    <#-- Said before somebody is refused. -->
    <#if pageId == "register" || pageId == "login-update-password"><p>${msg("fosseNewPassword")}</p></#if>
    <#nested "form">
    <#if auth?has_content && auth.showTryAnotherWayLink()>
      <form id="kc-select-try-another-way-form" action="${url.loginAction}" method="post">
        <input type="hidden" name="tryAnotherWay" value="on">
        <button class="${properties.kcButtonSecondaryClass}" id="try-another-way">${msg("doTryAnotherWay")}</button>
      </form>
    </#if>
    <#nested "socialProviders">
    <#if displayInfo><div id="kc-info"><#nested "info"></div></#if>
  </main>
</body>
</html>
</#macro>
